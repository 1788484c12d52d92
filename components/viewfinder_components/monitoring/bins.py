"""Into which bins the values of a measure are sorted: about equally many photos in each.

Equal shares, because Pearson's statistic is then equally sensitive everywhere, and close to a
chi-square variable (Mann and Wald, Annals of Mathematical Statistics 13, 1942).
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.formats.drift_reference import PREDICTED, Measure

_MOST_BINS = 10
_PHOTOS_PER_BIN = 10  # at least, as far as there are enough photos for two
_MOST_CLASSES = 20
# Around a value that many photos share, such as an aspect of 4:3 or a confidence of 1. Arithmetic
# differs between processors by less, and cameras by more.
_TOLERANCE = 1e-4


def sort_values(name: str, values: NDArray[np.float64]) -> Measure:
    """Choose the bins of a measure, and count the reference photos in them.

    A value that fills a bin alone gets a narrow one, so that other values, which no photo of the
    reference has, are noticed: a camera of another size, or another quality of JPEG.

    Args:
        name: The measure's.
        values: float64 `[n]`, finite, at least one.

    Returns:
        The measure, without a limit.
    """
    edges = np.array(sorted(set(_find_edges(values))))
    bare = Measure(name, tuple(edges.tolist()), (), np.inf)
    counts = np.bincount(bare.place(values), minlength=len(edges) + 1)
    return Measure(name, bare.edges, tuple(counts.tolist()), np.inf)


def sort_classes(labels: Sequence[str], predicted: NDArray[np.intp]) -> Measure:
    """Count the predicted classes; beyond 20, the rarest ones share the last bin.

    Args:
        labels: The classes.
        predicted: intp `[n]`: the place of each photo's class in `labels`.

    Returns:
        The measure `predicted`, without a limit.
    """
    counts = Counter(predicted.tolist())
    order = sorted(range(len(labels)), key=lambda place: -counts[place])
    kept = sorted(order if len(labels) <= _MOST_CLASSES else order[: _MOST_CLASSES - 1])
    rest = len(predicted) - sum(counts[place] for place in kept)
    bins = [labels[place] for place in kept]
    found = [counts[place] for place in kept]
    if len(kept) < len(labels):
        bins, found = [*bins, ""], [*found, rest]
    edges = tuple(place + 0.5 for place in range(len(bins) - 1))
    return Measure(PREDICTED, edges, tuple(found), np.inf, tuple(bins))


def _find_edges(values: NDArray[np.float64]) -> Iterator[float]:
    """Walk through the distinct values; a bin is full once it has its share of the photos."""
    distinct, counts = np.unique(values, return_counts=True)
    full = len(values) / np.clip(len(values) // _PHOTOS_PER_BIN, 2, _MOST_BINS)
    filled = 0.0
    for place, (value, count) in enumerate(zip(distinct.tolist(), counts.tolist(), strict=True)):
        if count >= full:
            margin = _TOLERANCE * max(abs(value), 1)
            yield from (value - margin, value + margin)
            filled = 0.0
            continue
        filled += count
        is_last = place + 1 == len(distinct)
        if filled >= full and not is_last:
            yield float(value + distinct[place + 1]) / 2
            filled = (filled - full) % 1  # a bin cannot have half a photo, two can have one more
