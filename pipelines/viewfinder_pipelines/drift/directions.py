"""Where a distribution has moved, in words."""

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.monitoring.measure_words import describe_bin, find_words
from viewfinder_components.printable import make_printable
from viewfinder_pipelines.drift.measure_metrics import CountedMeasure

_LEAST_SHARE_OF_MOVED = 1 / 3
"""A shift has a direction if photos went mostly one way: so much of what moved, at least."""
_MOST_CLASSES = 3
_MOST_LETTERS = 60  # of a class in a sentence
_OTHERS = "other classes"


def find_direction(expected: NDArray[np.float64], present: NDArray[np.float64]) -> int:
    """Return 1 if the values have risen, -1 if they have fallen, 0 for neither.

    The measure is Cliff's delta: how much more probable it is that a photo of now has the larger
    value of the two than that one of the reference has, -1 to 1.

    Args:
        expected: The expected shares of ascending bins, float64 `[bins]`.
        present: The present ones.
    """
    below = np.cumsum(expected) - expected
    above = 1 - np.cumsum(expected)
    delta = float((present * below).sum() - (present * above).sum())
    moved = float(np.abs(present - expected).sum()) / 2
    if moved == 0 or abs(delta) < _LEAST_SHARE_OF_MOVED * moved:
        return 0
    return 1 if delta > 0 else -1


def find_median(shares: NDArray[np.float64]) -> int:
    """Return the bin of the median, of shares that add up to 1."""
    return int(np.searchsorted(np.cumsum(shares), 0.5 * shares.sum()))


def describe_bins(measure: CountedMeasure) -> tuple[str, ...]:
    """Return the values of each bin in words, or its class."""
    if measure.classes:
        return tuple(make_printable(name) or _OTHERS for name in measure.classes)
    return tuple(
        describe_bin(measure.name, measure.edges, place) for place in range(len(measure.expected))
    )


def describe_change(measure: CountedMeasure, present: NDArray[np.float64]) -> tuple[str, str]:
    """Return what has changed, as a clause, and what such a change usually comes from.

    Args:
        measure: What was expected, and what came.
        present: The shares of what came, float64 `[bins]`, which add up to 1.
    """
    words = find_words(measure.name)
    if measure.classes:
        return _describe_classes(measure, present), words.rise_causes
    direction = find_direction(measure.expected, present)
    bins = describe_bins(measure)
    if direction == 0:
        return _describe_spread(measure.expected, present, bins), ""
    word = words.risen if direction > 0 else words.fallen
    causes = words.rise_causes if direction > 0 else words.fall_causes
    before, now = find_median(measure.expected), find_median(present)
    if before == now:
        return (
            f"{word}; the median is still {bins[now]}, but {_find_gain(measure, present)}",
            causes,
        )
    return f"{word}, median {bins[now]} instead of {bins[before]}", causes


def describe_agreement(measure: CountedMeasure, present: NDArray[np.float64]) -> tuple[str, str]:
    """Return what is to be said of a measure within its limit, as `describe_change` does."""
    if measure.classes:
        place = int(np.argmax(present))
        return f"as expected, most are {describe_bins(measure)[place]}", ""
    return f"as expected, median {describe_bins(measure)[find_median(present)]}", ""


def _find_gain(measure: CountedMeasure, present: NDArray[np.float64]) -> str:
    bins, place = describe_bins(measure), int(np.argmax(present - measure.expected))
    return f"{present[place]:.0%} instead of {measure.expected[place]:.0%} are {bins[place]}"


def _describe_spread(
    expected: NDArray[np.float64], present: NDArray[np.float64], bins: tuple[str, ...]
) -> str:
    gained, lost = int(np.argmax(present - expected)), int(np.argmin(present - expected))
    return (
        f"other values, neither higher nor lower: {present[gained]:.0%} instead of "
        f"{expected[gained]:.0%} are {bins[gained]}, {present[lost]:.0%} instead of "
        f"{expected[lost]:.0%} are {bins[lost]}"
    )


def _describe_classes(measure: CountedMeasure, present: NDArray[np.float64]) -> str:
    bins, change = describe_bins(measure), present - measure.expected
    places = np.argsort(-np.abs(change), kind="stable")[:_MOST_CLASSES]
    changes = (
        (bins[place][:_MOST_LETTERS], present[place], measure.expected[place]) for place in places
    )
    return ", ".join(f"{name} {now:.0%} instead of {before:.0%}" for name, now, before in changes)
