"""ROC curves, one class against the rest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import auc, roc_curve

POINTS = 100
"""Maximum number of points per curve: enough for any screen, and KFP's metadata stays small."""


@dataclass(frozen=True)
class Roc:
    """True positive rate against false positive rate as the threshold falls."""

    auc: float
    """Area under the whole curve, before thinning; 0.5 is chance, 1 is perfect."""
    false_positive_rate: tuple[float, ...]
    true_positive_rate: tuple[float, ...]
    thresholds: tuple[float, ...]
    """Probabilities, falling, all finite."""


def one_against_rest(
    truth: NDArray[np.int32], probabilities: NDArray[np.float32]
) -> tuple[Roc | None, ...]:
    """Return one curve per class; None where all photos or none are of the class.

    Args:
        truth: int32 `[n]`.
        probabilities: float32 `[n, classes]`.
    """
    return tuple(
        _curve(truth == number, probabilities[:, number])
        for number in range(probabilities.shape[1])
    )


def micro_average(truth: NDArray[np.int32], probabilities: NDArray[np.float32]) -> Roc | None:
    """Return the curve of all decisions "is this photo of that class?", each counted once.

    Args:
        truth: int32 `[n]`.
        probabilities: float32 `[n, classes]`.
    """
    classes = np.arange(probabilities.shape[1])
    return _curve((truth[:, None] == classes).ravel(), probabilities.ravel())


def _curve(positive: NDArray[np.bool_], scores: NDArray[np.float32]) -> Roc | None:
    if positive.all() or not positive.any():
        return None  # one of the two rates would be 0 / 0
    false_rate, true_rate, thresholds = roc_curve(positive, scores)
    kept = _thin(false_rate + true_rate)
    return Roc(
        auc=float(auc(false_rate, true_rate)),
        false_positive_rate=tuple(false_rate[kept].tolist()),
        true_positive_rate=tuple(true_rate[kept].tolist()),
        # scikit-learn begins with infinity, "nothing is positive"; JSON and KFP have no infinity.
        thresholds=tuple(np.clip(thresholds[kept], 0, 1).astype(float).tolist()),
    )


def _thin(way: NDArray[np.float64]) -> NDArray[np.intp]:
    """Choose points evenly along the curve, including both ends; `way` rises from 0 to 2."""
    if len(way) <= POINTS:
        return np.arange(len(way))
    places = np.searchsorted(way, np.linspace(0, way[-1], POINTS))
    return np.unique(np.clip(places, 0, len(way) - 1))
