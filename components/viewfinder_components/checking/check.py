"""Compare the predictor that will serve a model with what the evaluation measured."""

import logging
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Self

from viewfinder_components.checking.config import CheckConfig
from viewfinder_components.checking.conversation import Patience
from viewfinder_components.checking.examination import Examination
from viewfinder_components.checking.judging import FAILED_ANSWERS
from viewfinder_components.checking.node import NodeReading, describe_node
from viewfinder_components.checking.precisions import Trials
from viewfinder_components.checking.verdict import Criterion, write_verdict
from viewfinder_components.errors import PermanentError, TransientError
from viewfinder_components.formats.precision import ENTRY, F32, PrecisionChoice
from viewfinder_components.formats.samples import read_samples
from viewfinder_components.formats.verdict import VERDICT

_log = logging.getLogger(__name__)

# It logs a line per request, at the level at which the steps log their progress.
logging.getLogger("httpx").setLevel(logging.WARNING)

_DISTRIBUTIONS = ("viewfinder", "kserve", "openvino", "numpy", "pillow", "simplejpeg")


@dataclass(frozen=True)
class CheckResult:
    """A verdict, which is also in `verdict.json`."""

    checks: tuple[Criterion, ...]
    """Every check, failed ones included."""

    scalars: dict[str, float]
    """The measurements by name, for KFP's Metrics."""

    seconds: dict[str, float]
    """Seconds by phase."""

    busy: bool = False
    """Whether a check failed because the node was too busy."""

    precision: PrecisionChoice | None = None
    """What may be served; None if a check failed."""

    @classmethod
    def of(cls, found: Examination, precision: PrecisionChoice | None) -> Self:
        """Derive the result from the examination in f32 and the choice of precision."""
        scalars = {check.name: check.value for check in found.checks if check.value is not None}
        seconds = dict(found.watch.seconds)
        return cls(tuple(found.checks), scalars, seconds, found.busy, precision)

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
            f"{value['memory_mb']:.0f} MB; {self._served}"
        )

    @property
    def _served(self) -> str:
        name = self.precision.allowed[0] if self.precision else F32
        measured = self.precision.candidates if self.precision else ()
        faster = [one.p50_ms for one in measured if one.name == name != F32]
        return f"served in {name}" + "".join(f", p50 {p50:.0f} ms" for p50 in faster)


def check_servable(
    servable_dir: Path,
    evaluation_dir: Path,
    verdict_dir: Path,
    config: CheckConfig,
    patience: Patience | None = None,
    test_dir: Path | None = None,
) -> CheckResult:
    """Start the predictor in a fresh process, send it test photos, and judge its answers.

    Times are judged without the time spent waiting for a processor, so that a busy node does not
    fail a good model; wall-clock times are in the verdict as well.

    Args:
        servable_dir: What export wrote.
        evaluation_dir: What evaluate wrote: `evaluation.json` and `samples/`.
        verdict_dir: Where to write `verdict.json`; made when missing.
        config: The limits.
        patience: When to stop waiting for an answer.
        test_dir: The test photos that preprocess drew, which prove precisions below f32; None for
            none, and then f32 is served.

    Raises:
        PermanentError: The evaluation or the photos cannot be read, or a check failed; in the
            latter case the verdict was written.
        TransientError: The node was too busy to assess the predictor; the verdict was written.
    """
    node, patience = NodeReading.now(), patience or Patience()
    trials = Trials.plan(servable_dir, test_dir, config)
    examination = Examination(read_samples(evaluation_dir), config, photos=trials.photos)
    examination.run(servable_dir, patience)
    choice = None
    if all(check.passed for check in examination.checks):
        choice = trials.run(examination, servable_dir, patience)
    result, evidence = CheckResult.of(examination, choice), NodeReading.now().since(node)
    details = {
        "busy": result.busy,
        **examination.details,
        **({ENTRY: choice.to_json()} if choice else {}),
        "versions": _versions(),
        "seconds": result.seconds,
        "node": evidence,
    }
    write_verdict(verdict_dir, result.checks, details)
    _log.info("%s (%s)", result.summary, describe_node(evidence))
    if not result.passed:
        raise _refusal(result, describe_node(evidence))
    return result


def _refusal(result: CheckResult, node: str) -> PermanentError | TransientError:
    if result.busy:
        return TransientError(
            "a node with enough free CPU to measure the predictor",
            f"{result.summary} ({node})",
            "try again when the node is less busy, or set a higher cpu_request under "
            "[steps.check] in the settings file",
        )
    if any(check.name == FAILED_ANSWERS and not check.passed for check in result.checks):
        remedy = f"look at {VERDICT} and, if this pipeline exported the model, report the fault"
    else:
        remedy = f"see all figures in {VERDICT}; change the model, or the limit that it exceeds"
    summary = result.summary.removesuffix(".")
    return PermanentError("a predictor that passes every check", summary, remedy)


def _versions() -> dict[str, str]:
    """Return the versions of the predictor's packages that are installed."""
    versions = {"python": python_version()}
    for name in _DISTRIBUTIONS:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions
