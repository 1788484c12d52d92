"""Divide photos into folds, so that each is judged by a classifier that has not seen it."""

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
"""As in cleanlab, whose default it is."""


def assign_folds(
    groups: NDArray[np.int64], labels: NDArray[np.int32], folds: int = FOLDS
) -> NDArray[np.int64]:
    """Deal the groups of each class out to the folds, one after the other.

    Near duplicates stay together: one with the same wrong label would confirm the other.

    Args:
        groups: int64 `[n]`, the group of each photo.
        labels: int32 `[n]`; a group is dealt out with the class of its first photo.
        folds: Number of folds.

    Returns:
        int64 `[n]`, the fold of each photo.
    """
    _, first, place = np.unique(groups, return_index=True, return_inverse=True)
    order = np.argsort(labels[first], kind="stable")
    dealt = np.empty(len(first), np.int64)
    dealt[order] = np.arange(len(first)) % folds
    return dealt[place]
