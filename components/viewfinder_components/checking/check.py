"""Hold the predictor that will serve a model to what the evaluation measured."""

import logging
import math
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Any

import httpx

from viewfinder_components.checking.measure import (
    Latency,
    Parity,
    compare_answers,
    measure_latency,
)
from viewfinder_components.checking.predictor import (
    NotReadyError,
    RunningPredictor,
    running_predictor,
)
from viewfinder_components.checking.samples import Samples, read_samples
from viewfinder_components.checking.verdict import VERDICT, Check, limit_check, write_verdict
from viewfinder_components.errors import PermanentError
from viewfinder_components.ranges import need_integer
from viewfinder_components.timing import Stopwatch

_log = logging.getLogger(__name__)

# It logs a line a request, at the level at which the steps tell their progress.
logging.getLogger("httpx").setLevel(logging.WARNING)

_NAME = "checked"
_DISTRIBUTIONS = ("viewfinder", "kserve", "openvino", "numpy", "pillow", "simplejpeg")


@dataclass(frozen=True)
class CheckConfig:
    """What a user may set.

    Raises:
        PermanentError: A value is out of its range.
    """

    tolerance: float = 0.02
    """Largest difference of a probability from the evaluation's, 0 to 1. The same bytes through the
    same decoder differ by rounding; another decoder or size shows at a few hundredths."""

    requests: int = 100
    """Requests of the latency measurement, at least 1; p99 of 100 is the second slowest."""

    max_p50_ms: float = 500.0
    """Limit of the median latency, in milliseconds: twenty times what 2 cores need."""

    max_p99_ms: float = 1000.0
    """Limit of the 99th percentile of latency, in milliseconds."""

    max_memory_mb: float = 512.0
    """Limit of the largest resident memory, in megabytes; below a pod's usual limit."""

    max_start_seconds: float = 60.0
    """Limit from the start of the process to its readiness, in seconds."""

    def __post_init__(self) -> None:
        self._need("tolerance", 0 <= self.tolerance <= 1)
        need_integer("requests", self.requests, 1)
        for name in ("max_p50_ms", "max_p99_ms", "max_memory_mb", "max_start_seconds"):
            value = getattr(self, name)
            self._need(name, math.isfinite(value) and value > 0)

    def _need(self, name: str, fits: bool) -> None:
        if not fits:
            raise PermanentError(
                f"{name} within its range", repr(getattr(self, name)), "see CheckConfig"
            )


@dataclass(frozen=True)
class CheckResult:
    """A verdict, which is also in `verdict.json`."""

    checks: tuple[Check, ...]
    """Every check, failed ones included."""

    scalars: dict[str, float]
    """The measurements by name, for KFP's Metrics."""

    seconds: dict[str, float]
    """Seconds by phase."""

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def summary(self) -> str:
        """The verdict in a sentence."""
        failed = [check.sentence for check in self.checks if not check.passed]
        if failed:
            return f"{len(failed)} of {len(self.checks)} checks failed: {' '.join(failed)}"
        value = self.scalars
        return (
            f"all {len(self.checks)} checks passed: ready in {value['start_seconds']:.1f} s, "
            f"probabilities within {value['max_difference']:.1g} of the evaluation's, "
            f"p50 {value['p50_ms']:.0f} ms, p99 {value['p99_ms']:.0f} ms, "
            f"{value['memory_mb']:.0f} MB"
        )


def check_servable(
    servable_dir: Path, evaluation_dir: Path, verdict_dir: Path, config: CheckConfig
) -> CheckResult:
    """Start the predictor in a fresh process, ask it about test photos, and judge.

    Args:
        servable_dir: What export wrote.
        evaluation_dir: What evaluate wrote: `evaluation.json` and `samples/`.
        verdict_dir: Where to write `verdict.json`; made when missing.
        config: The limits.

    Raises:
        PermanentError: The evaluation cannot be read; or a check failed, then after the verdict
            was written.
    """
    watch = Stopwatch()
    samples = read_samples(evaluation_dir)
    details: dict[str, Any] = {}
    try:
        with running_predictor(servable_dir, _NAME, config.max_start_seconds) as predictor:
            watch.seconds["start"] = predictor.start_seconds
            checks = _examine(predictor, samples, config, watch, details)
    except NotReadyError as error:
        checks = [Check("start_seconds", None, config.max_start_seconds, False, f"{error}.")]
    except httpx.HTTPError as error:
        sentence = f"The predictor stopped answering: {type(error).__name__}: {error}."
        checks = [Check("failed_answers", None, 0, False, sentence)]
    scalars = {check.name: check.value for check in checks if check.value is not None}
    result = CheckResult(tuple(checks), scalars, dict(watch.seconds))
    details |= {"versions": _versions(), "seconds": result.seconds}
    write_verdict(verdict_dir, checks, details)
    _log.info("%s", result.summary)
    if not result.passed:
        raise PermanentError(
            "a predictor that passes every check",
            result.summary,
            f"see {VERDICT}; mend the model or the export, or change the limit that it names",
        )
    return result


def _examine(
    predictor: RunningPredictor,
    samples: Samples,
    config: CheckConfig,
    watch: Stopwatch,
    details: dict[str, Any],
) -> list[Check]:
    """Run every check that needs the predictor; what was measured goes into `details` as well."""
    path = f"/v1/models/{_NAME}:predict"
    with httpx.Client(base_url=predictor.url, trust_env=False) as client:
        details["server"] = client.get("/v2").json()
        details["model"] = client.get(f"/v2/models/{_NAME}").json()
        with watch.phase("parity"):
            parity = compare_answers(client, path, samples.photos, config.tolerance)
        details["samples"] = {"compared": parity.compared, "too_large": list(parity.too_large)}
        checks = [
            limit_check(
                "start_seconds", predictor.start_seconds, config.max_start_seconds,
                "The time to readiness", " s",
            ),
            *_judge_parity(parity, samples, config),
        ]  # fmt: skip
        if all(check.passed for check in checks):
            photos = [photo for photo in samples.photos if photo.uri not in parity.too_large]
            with watch.phase("latency"):
                latency = measure_latency(client, path, photos, config.requests)
            details["latency"] = latency.summary()
            checks += _judge_latency(latency, config)
    checks.append(_judge_memory(predictor.peak_memory_mb(), config))
    return checks


def _judge_parity(parity: Parity, samples: Samples, config: CheckConfig) -> list[Check]:
    count = len(parity.failures)
    answered = parity.compared > 0 and count == 0
    words = f"{parity.compared} of {len(samples.photos)} photos were answered and compared"
    shown = f"; {'; '.join(parity.failures[:3])}" if count else ""
    same_order = parity.labels == samples.labels
    return [
        Check("failed_answers", count, 0, answered, f"{words}{shown}."),
        Check(
            "labels", float(not same_order), 0, same_order,
            "The labels are the evaluation's, in its order." if same_order else
            f"The labels are {list(parity.labels)}, the evaluation's {list(samples.labels)}.",
        ),
        limit_check(
            "max_difference", parity.max_difference, config.tolerance,
            "The largest difference of a probability from the evaluation's",
        ),
        Check(
            "other_labels", len(parity.other_labels), 0, not parity.other_labels,
            f"{len(parity.other_labels)} photos got another label than in the evaluation"
            f"{': ' if parity.other_labels else ''}{', '.join(parity.other_labels[:3])}.",
        ),
    ]  # fmt: skip


def _judge_latency(latency: Latency, config: CheckConfig) -> list[Check]:
    return [
        limit_check(
            "p50_ms", latency.percentile(50), config.max_p50_ms, "The median latency", " ms"
        ),
        limit_check(
            "p99_ms", latency.percentile(99), config.max_p99_ms, "The 99th percentile", " ms"
        ),
    ]


def _judge_memory(megabytes: float | None, config: CheckConfig) -> Check:
    if megabytes is None:
        sentence = "The predictor ended by itself."
        return Check("memory_mb", None, config.max_memory_mb, False, sentence)
    return limit_check("memory_mb", megabytes, config.max_memory_mb, "The peak memory", " MB")


def _versions() -> dict[str, str]:
    """Return the versions of what answered, as far as they are installed."""
    versions = {"python": python_version()}
    for name in _DISTRIBUTIONS:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions
