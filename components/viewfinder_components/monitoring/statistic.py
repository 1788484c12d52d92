"""How far the photos of a window are from those of the reference, for one measure.

With c_b photos of a window of n in bin b, m photos of the reference, and the expected shares q_b,

    D = sum_b (c_b / n - q_b)^2 / q_b,        X = n m / (n + m) D.

D is Pearson's chi-square distance. While window and reference are samples of the same photos, X is
close to a chi-square variable with one degree of freedom fewer than there are bins: the factor is
that of two samples, both of which vary (Press et al., Numerical Recipes, 3rd edition, 14.3). The
limit for X comes from resampling, not from that distribution. Prometheus computes the same in
manifests/monitoring/prometheusrule.yaml.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.formats.drift_reference import DriftReference, Measure


@dataclass(frozen=True)
class Shift:
    """What a window of photos says about a measure.

    Attributes:
        measure: Which.
        photos: Photos in the window.
        statistic: X, at least 0; 0 without photos.
        moved: Share of the photos that would have to be in other bins to agree with the reference,
            0 to 1 (the total variation distance).
        has_drifted: Whether there are enough photos and the statistic exceeds the measure's limit.
    """

    measure: Measure
    photos: int
    statistic: float
    moved: float
    has_drifted: bool


def compare_counts(
    measure: Measure, counts: NDArray[np.float64], reference: DriftReference
) -> Shift:
    """Compare a window with the reference.

    Args:
        measure: One of the reference's.
        counts: Photos of the window in each bin, float64 `[bins]`, at least 0; rates of Prometheus
            times the window need not be integers.
        reference: The version's.
    """
    photos = float(counts.sum())
    statistic, moved = compute_statistic(
        counts, measure.shares, reference.photos, reference.most_photos
    )
    has_drifted = photos >= reference.least_photos and statistic > measure.limit
    return Shift(measure, round(photos), statistic, moved, has_drifted)


def compute_statistic(
    counts: NDArray[np.float64], expected: NDArray[np.float64], reference: float, most: float
) -> tuple[float, float]:
    """Return X and the total variation distance; both are 0 without photos.

    Args:
        counts: Photos of the window in each bin, float64 `[bins]`, at least 0.
        expected: The expected shares q, float64 `[bins]`, above 0.
        reference: Photos of the reference, m.
        most: A window of more photos is judged as one of this many.
    """
    photos = float(counts.sum())
    if photos <= 0:
        return 0.0, 0.0
    shares = counts / photos
    distance = float(((shares - expected) ** 2 / expected).sum())
    window = min(photos, most)
    statistic = window * reference / (window + reference) * distance
    return statistic, float(np.abs(shares - expected).sum()) / 2
