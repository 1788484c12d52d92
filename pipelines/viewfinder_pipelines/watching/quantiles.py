"""Quantiles of a histogram's buckets, as Prometheus' `histogram_quantile` computes them."""

import math
from collections.abc import Mapping


def histogram_quantile(share: float, buckets: Mapping[float, float]) -> float | None:
    """Return a quantile of classic buckets.

    With rank r = share * n, the quantile is in the first bucket with a cumulative count of at least
    r. Its values count as evenly spread between its bounds a and b:
    a + (b - a) * (r - c(a)) / (c(b) - c(a)), where c is the cumulative count. The first bucket
    begins at 0. If the quantile is beyond the last finite bound, that bound is returned. This is
    `BucketQuantile` in Prometheus' `promql/quantile.go`, for positive bounds.

    Args:
        share: From 0 to 1.
        buckets: Cumulative counts, or their rates, by upper bound, with one for infinity.

    Returns:
        The quantile; None if nothing was observed, or the bucket for infinity is missing.
    """
    bounds = sorted(buckets)
    if len(bounds) < 2 or bounds[-1] != math.inf:
        return None
    counts: list[float] = []
    for bound in bounds:
        counts.append(max(buckets[bound], counts[-1] if counts else 0.0))  # rounding: never falls
    if counts[-1] <= 0:
        return None
    rank = share * counts[-1]
    index = next(i for i, count in enumerate(counts) if count >= rank or i == len(counts) - 1)
    if index == len(counts) - 1:
        return bounds[-2]
    low, below = (bounds[index - 1], counts[index - 1]) if index else (0.0, 0.0)
    inside = counts[index] - below
    return low + (bounds[index] - low) * (rank - below) / inside if inside else low
