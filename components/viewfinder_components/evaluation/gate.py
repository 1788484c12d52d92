"""Decide whether the model may be published."""

import math
from dataclasses import dataclass

from viewfinder_components.evaluation.metrics import Metrics
from viewfinder_components.paired_difference import PairedDifference
from viewfinder_components.reports.formatting import percent, plural, shorten

_ROUNDING = 1e-9  # for a probability exactly at its limit, such as 1 in 20


@dataclass(frozen=True)
class Limits:
    """A user's requirements for the model. Shares lie between 0 and 1."""

    min_accuracy: float = 0.0
    """Minimum accuracy; 0 requires nothing."""
    min_balanced_accuracy: float = 0.0
    """Minimum balanced accuracy; 0 requires nothing."""
    max_ece: float = 1.0
    """Maximum expected calibration error; 1 requires nothing."""
    confidence: float = 0.95
    """How unlikely a guess must be to be right about every test photo, above 0 and below 1."""
    allow_undecided: bool = False
    """Whether a model passes if there are too few test photos to tell it from a guess."""


@dataclass(frozen=True)
class Criterion:
    """One rule and the model's result."""

    name: str
    value: float | None
    """What was measured; None if it could not be."""
    limit: float | None
    """The limit; None if there is none."""
    passed: bool
    sentence: str
    """Value, limit and outcome in words."""


@dataclass(frozen=True)
class Decision:
    """The gate's decision."""

    accepted: bool
    sentence: str
    """The decision and its reason, for people."""
    checks: tuple[Criterion, ...]


@dataclass(frozen=True)
class Rival:
    """The published version that the model is compared with."""

    number: int
    difference: PairedDifference | None
    """None if the version could not be scored."""
    unknown: tuple[str, ...] = ()
    """Classes of the data that it does not know."""


def decide(metrics: Metrics, limits: Limits, rival: Rival | None) -> Decision:
    """Check the model against every rule. A refusal is an answer, not an error.

    Without user limits there must be enough test photos to tell the model from a guess, the
    model must do better than a constant answer, and must not be worse than the published
    version.

    Args:
        metrics: The model on the test photos.
        limits: The user's requirements.
        rival: The champion, if there is one.
    """
    checks = (
        _can_be_decided(metrics, limits),
        _beats_constant_answer(metrics),
        _at_least("accuracy", metrics.accuracy, "min_accuracy", limits),
        _at_least("balanced accuracy", metrics.balanced_accuracy, "min_balanced_accuracy", limits),
        _at_most("calibration error", metrics.ece, "max_ece", limits),
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
    """Check whether even a perfect model could be told from one that knows nothing."""
    chance, limit = _chance_of_a_guess(metrics), 1 - limits.confidence
    is_decided = _is_decided(metrics, limits)
    photos = plural(metrics.photos, "test photo")
    guess = f"a guess gets all of them right in {percent(chance)} of cases"
    if is_decided:
        sentence = f"The {photos} are enough to tell a model from a guess."
    elif limits.allow_undecided:
        sentence = f"Undecided, which the settings allow: of {photos}, {guess}."
    else:
        sentence = (
            f"Too few test photos to decide: of {photos}, {guess}, more than the "
            f"{percent(limit)} that confidence allows. Add photos, raise test_fraction, set "
            "near_duplicate_distance=0 if different photos count as near duplicates, or set "
            "allow_undecided=true."
        )
    passed = is_decided or limits.allow_undecided
    return Criterion("chance of a perfect guess", chance, limit, passed, sentence)


def _is_decided(metrics: Metrics, limits: Limits) -> bool:
    return _chance_of_a_guess(metrics) <= 1 - limits.confidence + _ROUNDING


def _chance_of_a_guess(metrics: Metrics) -> float:
    """How often a guess gets every test photo right, 0 to 1.

    Knowing only how many photos each class has, one can assign the answers in n! / (n1! n2! ...)
    ways, one of which is right (Fisher's permutation test). With three photos of each of two
    classes there are 20.
    """
    sizes = [part.photos for part in metrics.classes]
    ways = math.lgamma(sum(sizes) + 1) - sum(math.lgamma(size + 1) for size in sizes)
    return math.exp(-ways)


def _beats_constant_answer(metrics: Metrics) -> Criterion:
    """Use balanced accuracy, because under imbalance a useful model may lose in plain accuracy.

    Always answering one class, such as the largest, finds all its photos and none of the others:
    a balanced accuracy of 1 / classes.
    """
    present = sum(1 for part in metrics.classes if part.photos)
    constant, value = 1 / present, metrics.balanced_accuracy
    # If all test photos are of one class, nothing can beat a constant answer.
    passed = value > constant or (present == 1 and value == 1)
    relation = "above" if value > constant else "not above"
    sentence = (
        f"Balanced accuracy {percent(value)} is {relation} the {percent(constant)} of always "
        "answering one class."
    )
    if present == 1:
        sentence = f"Every test photo is of one class, and {percent(value)} of them were found."
    return Criterion("better than a constant answer", value, constant, passed, sentence)


def _at_least(name: str, value: float, parameter: str, limits: Limits) -> Criterion:
    limit: float = getattr(limits, parameter)
    passed = value >= limit
    relation = "reaches" if passed else "is below"
    sentence = f"{name.capitalize()} {percent(value)} {relation} the minimum of {percent(limit)}."
    if limit <= 0:
        return _unlimited(name, value, parameter)
    return Criterion(name, value, limit, passed, sentence)


def _at_most(name: str, value: float, parameter: str, limits: Limits) -> Criterion:
    limit: float = getattr(limits, parameter)
    passed = value <= limit
    relation = "is within" if passed else "exceeds"
    sentence = f"{name.capitalize()} {percent(value)} {relation} the maximum of {percent(limit)}."
    if limit >= 1:
        return _unlimited(name, value, parameter)
    return Criterion(name, value, limit, passed, sentence)


def _unlimited(name: str, value: float, parameter: str) -> Criterion:
    sentence = f"{name.capitalize()} is not judged; `{parameter}` sets a limit."
    return Criterion(name, value, None, True, sentence)


def _not_worse(rival: Rival | None) -> Criterion:
    name = "not worse than the published version"
    if rival is None:
        return Criterion(name, None, None, True, "There was no earlier version to compare with.")
    version = f"published version {rival.number}"
    if rival.difference is None:
        sentence = f"The {version} could not be scored, so there was no comparison."
        return Criterion(name, None, None, True, sentence)
    found = rival.difference
    if rival.unknown:
        classes = plural(len(rival.unknown), "class", "classes")
        version += f", which does not know {classes} of the data ({shorten(rival.unknown, 3)})"
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
