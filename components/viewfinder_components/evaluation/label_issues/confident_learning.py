"""Tell label errors from photos that are merely hard.

Source: Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels",
Journal of Artificial Intelligence Research 70, 2021, arXiv:1911.00068.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_BETTER_THAN_CHANCE = 1.5  # times the balanced accuracy of a guess


class Doubts(NamedTuple):
    """What the probabilities say about each label."""

    score: NDArray[np.float64]
    """float64 `[n]`, 0 to 1: from sure that the label is right to sure that it is wrong; 0.5 if
    nothing is known."""
    suggestion: NDArray[np.intp]
    """intp `[n]`, the most probable class, which may be that of the label."""
    is_error: NDArray[np.bool_]
    """bool `[n]`, whether the label is probably wrong."""

    @property
    def is_doubtful(self) -> NDArray[np.bool_]:
        """Whether another class is more probable than that of the label, bool `[n]`."""
        return self.score > 0.5


def doubt_labels(probabilities: NDArray[np.float64], labels: NDArray[np.int32]) -> Doubts:
    """Compare labels with out-of-fold probabilities.

    A class's threshold is the mean probability of that class among the photos with its label. A
    label is probably wrong if, among the classes whose thresholds are reached, another one is the
    most probable: the photo is off the diagonal of the paper's confident joint. The score is
    `(1 + p_other - p_label) / 2`, in which `p_other` is the largest probability of another class:
    the paper's normalised margin, turned so that higher is more suspicious.

    If the probabilities hardly tell the classes apart, no label is an error, and none is doubtful.

    Args:
        probabilities: float64 `[n, classes]`; rows of NaN are unknown.
        labels: int32 `[n]`.
    """
    known = ~np.isnan(probabilities).any(axis=1)
    rows, given = probabilities[known], labels[known]
    doubts = Doubts(np.full(len(labels), 0.5), labels.astype(np.intp), np.zeros(len(labels), bool))
    if not _is_informative(rows, given):
        return doubts
    own = rows[np.arange(len(given)), given]
    others = rows.copy()
    others[np.arange(len(given)), given] = -1
    doubts.score[known] = (1 + others.max(axis=1) - own) / 2
    doubts.suggestion[known] = rows.argmax(axis=1)
    confident = np.where(rows >= _thresholds(rows, given), rows, -1)
    most = confident.argmax(axis=1)
    doubts.is_error[known] = (confident.max(axis=1) >= 0) & (most != given) & (others.max(1) > own)
    return doubts


def _thresholds(rows: NDArray[np.float64], given: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the mean confidence in each class's own label; 1 for a class without photos."""
    photos = np.bincount(given, minlength=rows.shape[1])
    own = np.bincount(given, rows[np.arange(len(given)), given], minlength=rows.shape[1])
    return np.where(photos > 0, own / np.maximum(photos, 1), 1.0)


def _is_informative(rows: NDArray[np.float64], given: NDArray[np.int32]) -> bool:
    """Whether the most probable class is that of the label clearly more often than by chance."""
    present = np.unique(given)
    if len(present) < 2:
        return False
    right = rows.argmax(axis=1) == given
    recall = np.mean([right[given == label].mean() for label in present])
    return bool(recall >= _BETTER_THAN_CHANCE / len(present))
