"""Hold the predictor that will serve a model to what the evaluation measured."""

import logging
import math
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Any

from viewfinder_components.checking.conversation import (
    Conversation,
    NoAnswerError,
    Patience,
    conversing,
)
from viewfinder_components.checking.measure import (
    Latency,
    Parity,
    compare_photos,
    measure_latency,
)
from viewfinder_components.checking.node import NodeReading, describe_node
from viewfinder_components.checking.predictor import (
    NotReadyError,
    RunningPredictor,
    running_predictor,
)
from viewfinder_components.checking.samples import Sample, Samples, read_samples
from viewfinder_components.checking.verdict import VERDICT, Check, limit_check, write_verdict
from viewfinder_components.errors import PermanentError, TransientError
from viewfinder_components.ranges import need_integer
from viewfinder_components.timing import Stopwatch

_log = logging.getLogger(__name__)

# It logs a line a request, at the level at which the steps tell their progress.
logging.getLogger("httpx").setLevel(logging.WARNING)

_NAME = "checked"
_PREDICT = f"/v1/models/{_NAME}:predict"

# What a busy node can spoil; `failed_answers` only counts where there was no answer at all.
_TIMED = {"start_seconds", "failed_answers", "p50_ms", "p99_ms"}
# On a busy node a latency above its limit is measured again.
_ROUNDS = 3
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
    """Limit of the median latency without waiting for a processor, in milliseconds: twenty times
    what 2 cores need."""

    max_p99_ms: float = 1000.0
    """Limit of the 99th percentile of latency without waiting for a processor, in milliseconds."""

    max_memory_mb: float = 512.0
    """Limit of the largest resident memory, in megabytes; below a pod's usual limit."""

    max_start_seconds: float = 60.0
    """Limit from the start of the process to its readiness without waiting for a processor, in
    seconds."""

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

    busy: bool = False
    """Whether a check failed for which the node was too busy."""

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
    servable_dir: Path,
    evaluation_dir: Path,
    verdict_dir: Path,
    config: CheckConfig,
    patience: Patience | None = None,
) -> CheckResult:
    """Start the predictor in a fresh process, ask it about test photos, and judge.

    Times are judged without the wait for a processor, so that a busy node does not refuse a good
    model; the clock's times are in the verdict as well.

    Args:
        servable_dir: What export wrote.
        evaluation_dir: What evaluate wrote: `evaluation.json` and `samples/`.
        verdict_dir: Where to write `verdict.json`; made when missing.
        config: The limits.
        patience: When an answer is given up.

    Raises:
        PermanentError: The evaluation cannot be read; or a check failed, then after the verdict
            was written.
        TransientError: The node was too busy to judge the predictor; the verdict was written.
    """
    watch, node = Stopwatch(), NodeReading.now()
    samples = read_samples(evaluation_dir)
    details: dict[str, Any] = {"busy": False}
    try:
        with running_predictor(servable_dir, _NAME, config.max_start_seconds) as predictor:
            watch.seconds["start"] = predictor.start_seconds
            with conversing(predictor, patience or Patience()) as conversation:
                checks = _examine(conversation, samples, config, watch, details)
            checks.insert(0, _judge_start(predictor, config))
            checks.append(_judge_memory(predictor.peak_memory_mb(), config))
    except NotReadyError as error:
        details["busy"] = error.busy
        checks = [Check("start_seconds", None, config.max_start_seconds, False, f"{error}.")]
    except NoAnswerError as error:
        details |= {"busy": error.busy, "stacks": error.stacks.splitlines()}
        checks = [Check("failed_answers", None, 0, False, error.sentence)]
    details |= {"versions": _versions(), "seconds": dict(watch.seconds)}
    details["node"] = NodeReading.now().since(node)
    scalars = {check.name: check.value for check in checks if check.value is not None}
    failed = {check.name for check in checks if not check.passed}
    details["busy"] = details["busy"] and failed <= _TIMED
    result = CheckResult(tuple(checks), scalars, dict(watch.seconds), details["busy"])
    write_verdict(verdict_dir, checks, details)
    _log.info("%s (%s)", result.summary, describe_node(details["node"]))
    if not result.passed:
        raise _refusal(result, describe_node(details["node"]))
    return result


def _refusal(result: CheckResult, node: str) -> PermanentError | TransientError:
    if result.busy:
        return TransientError(
            "a node with time to measure a predictor on",
            f"{result.summary} ({node})",
            "run it again when the node is less busy, or set a higher cpu_request under "
            "[steps.check] in the settings file",
        )
    return PermanentError(
        "a predictor that passes every check",
        result.summary,
        f"see {VERDICT}; mend the model or the export, or change the limit that it names",
    )


def _examine(
    conversation: Conversation,
    samples: Samples,
    config: CheckConfig,
    watch: Stopwatch,
    details: dict[str, Any],
) -> list[Check]:
    """Run every check that needs answers; what was measured goes into `details` as well."""
    details["server"] = conversation.get("/v2").response.json()
    details["model"] = conversation.get(f"/v2/models/{_NAME}").response.json()
    with watch.phase("parity"):
        parity = compare_photos(
            lambda body: conversation.post(_PREDICT, body).response,
            samples.photos,
            config.tolerance,
        )
    details["samples"] = {"compared": parity.compared, "too_large": list(parity.too_large)}
    checks = _judge_parity(parity, samples, config)
    if all(check.passed for check in checks):
        photos = [photo for photo in samples.photos if photo.uri not in parity.too_large]
        with watch.phase("latency"):
            latency = _measure(conversation, photos, config)
        details["latency"] = latency.summary()
        checks += _judge_latency(latency, config)
        details["busy"] = _is_excused(latency, config)
    return checks


def _measure(conversation: Conversation, photos: list[Sample], config: CheckConfig) -> Latency:
    """Measure the latency, on a busy node again while it is above its limit; return the best."""
    found: list[Latency] = []
    for _ in range(_ROUNDS):
        found.append(measure_latency(conversation, _PREDICT, photos, config.requests))
        if not _is_excused(found[-1], config):
            return found[-1]
    return min(found, key=lambda latency: latency.percentile(99))


def _is_excused(latency: Latency, config: CheckConfig) -> bool:
    """Whether a latency is above its limit and the node may be to blame, for each that is."""
    limits = {50: config.max_p50_ms, 99: config.max_p99_ms}
    above = [share for share, limit in limits.items() if latency.percentile(share) > limit]
    return bool(above) and all(latency.is_excused(share, limits[share]) for share in above)


def _judge_start(predictor: RunningPredictor, config: CheckConfig) -> Check:
    wall = predictor.start_seconds
    own = predictor.start_spent.own_seconds(wall)
    return limit_check(
        "start_seconds", own, config.max_start_seconds,
        f"The time to readiness ({wall:.4g} s by the clock)", " s",
    )  # fmt: skip


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
    wall = latency.summary()
    return [
        limit_check(
            "p50_ms", latency.percentile(50), config.max_p50_ms,
            f"The median latency ({wall['p50_wall_ms']:.4g} ms by the clock)", " ms",
        ),
        limit_check(
            "p99_ms", latency.percentile(99), config.max_p99_ms,
            f"The 99th percentile ({wall['p99_wall_ms']:.4g} ms by the clock)", " ms",
        ),
    ]  # fmt: skip


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
