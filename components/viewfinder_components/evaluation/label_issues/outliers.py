"""Photos that look like no others.

The distance of a photo is the mean distance to its nearest neighbours (Angiulli and Pizzuti, "Fast
Outlier Detection in High Dimensional Spaces", 2002), whatever their classes. On features of a
pre-trained network that is hard to beat (Kuan and Mueller, "Back to the Basics: Revisiting
Out-of-Distribution Detection Baselines", 2022, arXiv:2207.03061).
"""

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.evaluation.label_issues.projection import Projection

NEIGHBOURS = 10
REFERENCE = 10_000
"""Largest number of photos among which neighbours are searched: the first ones, in shuffled order.
With more photos, the time grows in proportion to them instead of their square."""
_FENCE = 1.5
"""Quartile ranges above the third quartile: Tukey, Exploratory Data Analysis, 1977. Of logarithms,
because distances are positive and their distribution has a long right tail."""
_ROWS = 512


def measure_isolation(projection: Projection) -> NDArray[np.float64]:
    """Return how far each photo is from the others, as a multiple of the outliers' threshold.

    Args:
        projection: The photos.

    Returns:
        float64 `[n]`; above 1 is an outlier. 0 if there is nothing to compare with.
    """
    distance = _mean_distance(projection)
    if not (distance > 0).all():  # a photo alone, or many equal ones
        positive = distance > 0
        if not positive.any():
            return np.zeros(len(distance))
        distance = np.maximum(distance, distance[positive].min())
    logarithm = np.log(distance)
    low, high = np.quantile(logarithm, [0.25, 0.75])
    # Rounding makes equal distances differ: no photo is an outlier for that.
    fence = high + _FENCE * max(high - low, 1e-6)
    multiple: NDArray[np.float64] = np.exp(logarithm - fence)
    return multiple


def _mean_distance(projection: Projection) -> NDArray[np.float64]:
    """Return the mean distance to the nearest neighbours, float64 `[n]`; 0 for a photo alone."""
    points, residual = projection
    squares = (points**2).sum(axis=1) + residual
    others = min(len(points), REFERENCE)
    count = min(NEIGHBOURS, others - 1)
    result = np.zeros(len(points))
    if count < 1:
        return result
    for start in range(0, len(points), _ROWS):
        rows = np.arange(start, min(start + _ROWS, len(points)))
        # |a - b|^2; the dimensions left out are taken to be orthogonal, as they nearly are.
        found = squares[rows, None] + squares[:others] - 2 * points[rows] @ points[:others].T
        own = rows < others
        found[own, rows[own]] = np.inf
        nearest = np.partition(found, count - 1, axis=1)[:, :count]
        result[rows] = np.sqrt(np.maximum(nearest, 0)).mean(axis=1)
    return result
