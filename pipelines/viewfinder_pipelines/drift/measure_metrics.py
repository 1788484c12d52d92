"""The metrics of one measure, read: what was expected, and what came.

Metrics come from a network, from predictors of any release: what makes no sense is left out with a
reason, and never becomes a finding.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.formats.drift_reference import PREDICTED

PHOTOS = "viewfinder_drift_photos_total"
SHARE = "viewfinder_drift_reference_share"
LIMIT = "viewfinder_drift_limit"
MOST_COUNTED = 1e15
"""Photos; beyond that, a sum of counts is not exact."""
_MOST_BINS = 5000
_SMALLEST = 1e-12  # share or limit; what is divided by it stays finite
_TOLERANCE = 0.01  # of the sum of all shares: `above` and the shares are short texts

Sample = tuple[str, Mapping[str, str], float]
"""A metric, its labels and its value."""


@dataclass(frozen=True)
class CountedMeasure:
    """What was expected of a measure, and what came.

    Attributes:
        name: The measure's.
        precision: That of the model whose answers are measured, because replicas may serve a
            version in several; empty for what is measured on photos.
        edges: Between the bins, ascending; empty for classes.
        classes: The class of each bin; empty for numbers.
        expected: The expected shares, float64 `[bins]`, above 0.
        limit: The statistic above which the measure has drifted.
        counts: Photos in each bin, float64 `[bins]`.
    """

    name: str
    precision: str
    edges: tuple[float, ...]
    classes: tuple[str, ...]
    expected: NDArray[np.float64]
    limit: float
    counts: NDArray[np.float64]


def read_measure(name: str, precision: str, samples: Iterable[Sample]) -> CountedMeasure:
    """Return a measure from its metrics, labels and values.

    Raises:
        ValueError: They make no sense.
    """
    shares: dict[int, tuple[str, float]] = {}
    counts: dict[int, float] = {}
    limit = 0.0
    for metric, labels, value in samples:
        if metric == LIMIT:
            limit = value
        elif metric == PHOTOS:
            counts[read_place(labels)] = value
        elif metric == SHARE:
            place = read_place(labels)
            if place in shares:
                raise ValueError("its replicas have different references")
            shares[place] = labels.get("above", ""), value
    if not _SMALLEST <= limit <= MOST_COUNTED:
        raise ValueError("it has no limit")
    expected = _read_shares([shares[place][1] for place in sorted(shares)])
    if sorted(shares) != list(range(len(shares))) or not set(counts) <= set(shares):
        raise ValueError("its bins are not those of its reference")
    above = [shares[place][0] for place in range(len(shares))]
    edges = () if name == PREDICTED else _read_edges(above[1:])
    classes = tuple(above) if name == PREDICTED else ()
    photos = np.array([counts.get(place, 0.0) for place in range(len(shares))])
    if photos.min() < 0 or photos.sum() > MOST_COUNTED:
        raise ValueError("its counts are impossible")
    return CountedMeasure(name, precision, edges, classes, expected, limit, photos)


def read_place(labels: Mapping[str, str]) -> int:
    """Return the number of a sample's bin.

    Raises:
        ValueError: It has none.
    """
    text = labels.get("bin", "")
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) < _MOST_BINS):
        raise ValueError("a bin has no number")
    return int(text)


def _read_shares(shares: list[float]) -> NDArray[np.float64]:
    expected = np.array(shares)
    if len(expected) < 2 or expected.min() < _SMALLEST:
        raise ValueError("it has no expected shares, or one that is 0")
    if abs(expected.sum() - 1) > _TOLERANCE:
        raise ValueError(
            f"its expected shares add up to {expected.sum():.3g} instead of 1, as they do if its "
            "replicas have different references"
        )
    normed: NDArray[np.float64] = expected / expected.sum()
    return normed


def _read_edges(above: list[str]) -> tuple[float, ...]:
    try:
        edges = tuple(map(float, above))
    except ValueError:
        raise ValueError("an edge of a bin is no number") from None
    if list(edges) != sorted(edges) or not all(map(math.isfinite, edges)):
        raise ValueError("the edges of its bins are not in order")
    return edges
