"""Decide whether the model may be published."""

import math
from dataclasses import dataclass

from viewfinder_components.evaluation.comparison import PairedDifference
from viewfinder_components.evaluation.metrics import Metrics
from viewfinder_components.reports.formatting import percent, plural

_ROUNDING = 1e-9  # of a chance that is just at its limit, such as 1 in 20


@dataclass(frozen=True)
class Limits:
    """What a user may ask of the model. Shares lie between 0 and 1."""

    min_accuracy: float = 0.0
    """Least accuracy; 0 asks for nothing."""
    min_balanced_accuracy: float = 0.0
    """Least balanced accuracy; 0 asks for nothing."""
    max_ece: float = 1.0
    """Largest expected calibration error; 1 asks for nothing."""
    confidence: float = 0.95
    """How unlikely a guess must be to be right about every test photo, above 0 and below 1."""
    allow_undecided: bool = False
    """Whether too few test photos to tell a model from a guess may pass."""


@dataclass(frozen=True)
class Criterion:
    """One rule and how the model did."""

    name: str
    value: float | None
    """What was measured; None when it could not be."""
    limit: float | None
    """What it is held against; None when there is nothing to hold it against."""
    passed: bool
    sentence: str
    """Value, limit and outcome in words."""


@dataclass(frozen=True)
class Decision:
    """The gate's word."""

    accepted: bool
    sentence: str
    """Whether and why, for people."""
    checks: tuple[Criterion, ...]


@dataclass(frozen=True)
class Rival:
    """The published version the model is held against."""

    number: int
    difference: PairedDifference | None
    """None when the version could not be scored."""


def decide(metrics: Metrics, limits: Limits, rival: Rival | None) -> Decision:
    """Hold the model against every rule. A refusal is an answer, not an error.

    Without limits of the user's the test photos must be enough to tell a model from a guess, the
    model must know more than a constant answer does, and must not be worse than the published
    version.

    Args:
        metrics: The model on the test photos.
        limits: What the user asks for.
        rival: The champion, if there is one.
    """
    checks = (
        _can_be_decided(metrics, limits),
        _beats_constant_answer(metrics),
        _at_least("accuracy", metrics.accuracy, limits.min_accuracy),
        _at_least("balanced accuracy", metrics.balanced_accuracy, limits.min_balanced_accuracy),
        _at_most("calibration error", metrics.ece, limits.max_ece),
        _not_worse(rival),
    )
    failed = [check.sentence for check in checks if not check.passed]
    if failed:
        return Decision(False, f"Refused. {' '.join(failed)}", checks)
    words = ["Accepted.", _praise(metrics), checks[-1].sentence]
    if not _is_decided(metrics, limits):
        words.insert(2, checks[0].sentence)
    return Decision(True, " ".join(words), checks)


def _can_be_decided(metrics: Metrics, limits: Limits) -> Criterion:
    """Ask whether even a perfect model could be told from one that knows nothing."""
    chance, limit = _chance_of_a_guess(metrics), 1 - limits.confidence
    is_decided = _is_decided(metrics, limits)
    photos = plural(metrics.photos, "test photo")
    guess = f"a guess is right about all of them in {percent(chance)} of cases"
    if is_decided:
        sentence = f"The {photos} are enough to tell a model from a guess."
    elif limits.allow_undecided:
        sentence = f"Undecided, as was allowed: of {photos}, {guess}."
    else:
        sentence = (
            f"Too few test photos to decide anything: of {photos}, {guess}, more than the "
            f"{percent(limit)} that confidence allows. Add photos, raise test_fraction, set "
            "near_duplicate_distance=0 if different photos were taken for near duplicates, or set "
            "allow_undecided=true."
        )
    passed = is_decided or limits.allow_undecided
    return Criterion("chance of a perfect guess", chance, limit, passed, sentence)


def _is_decided(metrics: Metrics, limits: Limits) -> bool:
    return _chance_of_a_guess(metrics) <= 1 - limits.confidence + _ROUNDING


def _chance_of_a_guess(metrics: Metrics) -> float:
    """How often a guess is right about every test photo, 0 to 1.

    Who knows only how many photos each class has can deal the answers out in n! / (n1! n2! ...)
    ways, one of which is right (Fisher's permutation test). With three photos of each of two
    classes there are 20.
    """
    sizes = [part.photos for part in metrics.classes]
    ways = math.lgamma(sum(sizes) + 1) - sum(math.lgamma(size + 1) for size in sizes)
    return math.exp(-ways)


def _beats_constant_answer(metrics: Metrics) -> Criterion:
    """Balanced accuracy, because under imbalance a useful model may lose in plain accuracy.

    Always answering one class, such as the largest, finds all of it and none of the others:
    a balanced accuracy of 1 / classes.
    """
    present = sum(1 for part in metrics.classes if part.photos)
    constant, value = 1 / present, metrics.balanced_accuracy
    # With test photos of one class only, nothing can be better than a constant answer.
    passed = value > constant or (present == 1 and value == 1)
    relation = "above" if value > constant else "not above"
    sentence = (
        f"Balanced accuracy {percent(value)} is {relation} the {percent(constant)} of always "
        "answering one class."
    )
    if present == 1:
        sentence = f"Every test photo is of one class, of which {percent(value)} were found."
    return Criterion("better than a constant answer", value, constant, passed, sentence)


def _at_least(name: str, value: float, limit: float) -> Criterion:
    passed = value >= limit
    relation = "reaches" if passed else "is below"
    sentence = (
        f"{name.capitalize()} {percent(value)} {relation} the least allowed {percent(limit)}."
    )
    if limit <= 0:
        return Criterion(name, value, None, True, f"{name.capitalize()} has no limit.")
    return Criterion(name, value, limit, passed, sentence)


def _at_most(name: str, value: float, limit: float) -> Criterion:
    passed = value <= limit
    relation = "is within" if passed else "exceeds"
    sentence = f"{name.capitalize()} {percent(value)} {relation} the allowed {percent(limit)}."
    if limit >= 1:
        return Criterion(name, value, None, True, f"{name.capitalize()} has no limit.")
    return Criterion(name, value, limit, passed, sentence)


def _not_worse(rival: Rival | None) -> Criterion:
    name = "not worse than the champion"
    if rival is None:
        return Criterion(name, None, None, True, "There was no earlier version to compare with.")
    version = f"published version {rival.number}"
    if rival.difference is None:
        sentence = f"The {version} could not be scored, so nothing was compared."
        return Criterion(name, None, None, True, sentence)
    found = rival.difference
    verdict = "Worse than" if found.is_worse else "Not worse than"
    interval = f"{_points(found.low)} to {_points(found.high)}"
    sentence = (
        f"{verdict} {version}: on the same photos its accuracy differs by "
        f"{_points(found.difference)} points (interval {interval})."
    )
    return Criterion(name, found.difference, 0.0, not found.is_worse, sentence)


def _praise(metrics: Metrics) -> str:
    interval = metrics.accuracy_interval
    return (
        f"Accuracy {percent(metrics.accuracy)} (interval {percent(interval.low)} to "
        f"{percent(interval.high)}) on {plural(metrics.photos, 'test photo')}."
    )


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"
