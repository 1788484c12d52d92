"""Judge each precision by what was measured, and choose the fastest that passes.

A precision passes if, on the same test photos, its accuracy is at most `max_accuracy_drop` below
that of f32, at least `min_agreement` of the photos get the label that they get in f32, and, unless
the setting names the precision, it saves time that is worth it.

The first two compare what was measured. The interval of the difference is part of the result, but
does not decide: for 661 photos of which ten change between right and wrong, it reaches a point
below the difference, so that with the whole interval above the limit of half a point, only a model
that gets the same photos right would pass. In return, nothing is tried with fewer than
`least_photos`, and the share of equal labels has its own limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.checking.config import CheckConfig
from viewfinder_components.formats.precision import AUTO, F32, Candidate, Precision, PrecisionChoice
from viewfinder_components.paired_difference import PairedDifference
from viewfinder_components.reports.formatting import percent, plural

_WORTH = 0.95  # of the latency in f32: less is within what two measurements differ by
_ROUNDING = 1e-9  # for a share exactly at its limit, such as 1 photo of 200


@dataclass(frozen=True)
class Measured:
    """What a predictor did in one precision."""

    precision: Precision
    answers: NDArray[np.float32]
    """float32 `[n, classes]`: its probabilities for the test photos."""
    p50_ms: float
    """Median latency in milliseconds, not counting waits for a processor."""
    sample_difference: float = 0.0
    """Largest difference of a probability for the sample photos from the evaluation's."""


def judge_precision(
    found: Measured, plain: Measured, truth: NDArray[np.int32], config: CheckConfig
) -> Candidate:
    """Compare a precision with f32 on the same photos; f32 itself always passes.

    Args:
        found: What was measured in the precision.
        plain: What was measured in f32.
        truth: int32 `[n]`: the position of each photo's class; at least one.
        config: The limits.
    """
    candidate = _compare(found, plain, truth, config.confidence)
    if found.precision == F32:
        return replace(candidate, passed=True, sentence="The others are compared with f32.")
    problems = list(_find_problems(candidate, plain, config))
    outcome = f"was refused: {'; '.join(problems)}" if problems else "passed"
    return replace(
        candidate,
        passed=not problems,
        sentence=f"{candidate.name} {outcome}.",
        evidence=_describe(candidate, plain, config),
    )


def choose_precision(
    candidates: Sequence[Candidate], tolerance: float, note: str = ""
) -> PrecisionChoice:
    """Allow the precisions that passed, fastest first, and f32 after them.

    Args:
        candidates: What was judged.
        tolerance: Largest difference between a probability served in f32 and the evaluation's.
        note: Why nothing was tried, in a sentence; empty if something was.
    """
    others = [one for one in candidates if one.name != F32]
    passed = sorted((one for one in others if one.passed), key=lambda one: one.p50_ms)
    first = passed[0].name if passed else F32
    why = "it is the fastest that passed" if passed else "no other precision passed"
    words = [f"{F32} is served.", note] if note else [f"{first} is served: {why}."]
    words += [text for one in others for text in (one.sentence, one.evidence) if text]
    # A service on another processor may differ from this one as far as two in f32 may.
    own = {one.name: min(1.0, round(tolerance + one.max_difference, 4)) for one in passed}
    return PrecisionChoice(
        allowed=(*(one.name for one in passed), F32),
        reason=" ".join(words),
        tolerances={**own, F32: tolerance},
        candidates=tuple(candidates),
    )


def _compare(
    found: Measured, plain: Measured, truth: NDArray[np.int32], confidence: float
) -> Candidate:
    labels, expected = found.answers.argmax(axis=1), plain.answers.argmax(axis=1)
    paired = PairedDifference.of(labels == truth, expected == truth, confidence)
    distance = float(np.abs(found.answers - plain.answers).max())
    return Candidate(
        found.precision,
        passed=False,
        sentence="",
        photos=len(truth),
        accuracy=float((labels == truth).mean()),
        difference=paired.difference,
        low=paired.low,
        high=paired.high,
        agreement=float((labels == expected).mean()),
        max_difference=max(distance, found.sample_difference),
        p50_ms=found.p50_ms,
    )


def _find_problems(found: Candidate, plain: Measured, config: CheckConfig) -> list[str]:
    problems = []
    if -found.difference > config.max_accuracy_drop + _ROUNDING:
        problems.append(
            f"the accuracy falls by {-100 * found.difference:.1f} points, and "
            f"{100 * config.max_accuracy_drop:g} are allowed"
        )
    if found.agreement < config.min_agreement - _ROUNDING:
        problems.append(
            f"{percent(found.agreement)} of the photos keep their label, and "
            f"{percent(config.min_agreement)} must"
        )
    if config.precision_served == AUTO and found.p50_ms > _WORTH * plain.p50_ms:
        problems.append("it is not faster")
    return problems


def _describe(found: Candidate, plain: Measured, config: CheckConfig) -> str:
    return (
        f"On {plural(found.photos, 'test photo')}, its accuracy is {percent(found.accuracy)}, "
        f"{_points(found.difference)} points from f32 ({config.confidence:.0%} interval "
        f"{_points(found.low)} to {_points(found.high)}); {percent(found.agreement)} get the same "
        f"label as in f32; the median latency is {found.p50_ms:.1f} ms, in f32 "
        f"{plain.p50_ms:.1f} ms."
    )


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"
