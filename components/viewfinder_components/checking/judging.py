"""Compare measurements with their limits, each as a check."""

from viewfinder_components.checking.config import CheckConfig
from viewfinder_components.checking.measure import Latency
from viewfinder_components.checking.predictor import RunningPredictor
from viewfinder_components.checking.verdict import Criterion, limit_check
from viewfinder_components.formats.samples import Samples
from viewfinder_components.parity import Parity
from viewfinder_components.reports.formatting import plural

FAILED_ANSWERS = "failed_answers"
"""The check that every photo was answered."""


def judge_start(predictor: RunningPredictor, config: CheckConfig) -> Criterion:
    """Check the time to readiness, not counting waits for a processor, against its limit."""
    wall = predictor.start_seconds
    own = predictor.start_spent.own_seconds(wall)
    return limit_check(
        "start_seconds", own, config.max_start_seconds,
        f"The time to readiness, not counting waits for a processor ({wall:.4g} s with it)", " s",
    )  # fmt: skip


def judge_parity(parity: Parity, samples: Samples, tolerance: float) -> list[Criterion]:
    """Compare answers with the evaluation's: their number, labels and probabilities.

    Args:
        parity: How they compare.
        samples: The photos, and the evaluation's answers.
        tolerance: Largest difference of a probability that counts as equal.
    """
    count = len(parity.failures)
    answered = parity.compared > 0 and count == 0
    words = f"{parity.compared} of {plural(len(samples.photos), 'photo')} answered and compared"
    shown = f"; {'; '.join(parity.failures[:3])}" if count else ""
    same_order = parity.labels == samples.labels
    return [
        Criterion(FAILED_ANSWERS, count, 0, answered, f"{words}{shown}."),
        Criterion(
            "labels", float(not same_order), 0, same_order,
            "The labels are the evaluation's, in the same order." if same_order else
            f"The labels are {list(parity.labels)}, the evaluation's are {list(samples.labels)}.",
        ),
        limit_check(
            "max_difference", parity.max_difference, tolerance,
            "The largest difference between a probability and the evaluation's",
        ),
        Criterion(
            "other_labels", len(parity.other_labels), 0, not parity.other_labels,
            f"{plural(len(parity.other_labels), 'photo')} got another label than in the evaluation"
            f"{': ' if parity.other_labels else ''}{', '.join(parity.other_labels[:3])}.",
        ),
    ]  # fmt: skip


def judge_latency(latency: Latency, config: CheckConfig) -> list[Criterion]:
    """Check median and 99th percentile, not counting waits for a processor, against the limits."""
    wall = latency.summary()
    return [
        limit_check(
            "p50_ms", latency.percentile(50), config.max_p50_ms,
            "The median latency, not counting waits for a processor "
            f"({wall['p50_wall_ms']:.4g} ms with it)", " ms",
        ),
        limit_check(
            "p99_ms", latency.percentile(99), config.max_p99_ms,
            "The 99th percentile of the latency, not counting waits for a processor "
            f"({wall['p99_wall_ms']:.4g} ms with it)", " ms",
        ),
    ]  # fmt: skip


def judge_memory(megabytes: float | None, config: CheckConfig) -> Criterion:
    """Check the peak memory against its limit; None for a predictor that has exited."""
    if megabytes is None:
        sentence = "The predictor exited unexpectedly."
        return Criterion("memory_mb", None, config.max_memory_mb, False, sentence)
    return limit_check("memory_mb", megabytes, config.max_memory_mb, "The peak memory", " MB")


def is_excused(latency: Latency, config: CheckConfig) -> bool:
    """Return whether latencies exceed their limits and the node may be to blame for each."""
    limits = {50: config.max_p50_ms, 99: config.max_p99_ms}
    above = [share for share, limit in limits.items() if latency.percentile(share) > limit]
    return bool(above) and all(latency.is_excused(share, limits[share]) for share in above)
