"""Weights that prevent a large class from drowning out a small one."""

import numpy as np
from numpy.typing import NDArray

IMBALANCE = 1.5
"""From this ratio of the largest to the smallest class on, classes are weighted."""


def balanced_weights(labels: NDArray[np.int32], classes: int) -> NDArray[np.float32] | None:
    """Weight each class by the inverse of its size, so that all count the same in the loss.

    `n / (classes * n_class)`, scikit-learn's rule for "balanced": the mean weight of a photo
    is 1, so the loss and the learning rate keep their meaning.

    Args:
        labels: int32 `[n]`, the class of every training photo.
        classes: Number of classes.

    Returns:
        float32 `[classes]`; None if the sizes differ too little to matter.
    """
    sizes = np.bincount(labels, minlength=classes)
    smallest = max(int(sizes.min()), 1)  # a class without training photos counts as one photo
    if sizes.max() <= IMBALANCE * smallest:
        return None
    return (len(labels) / (classes * np.maximum(sizes, 1))).astype(np.float32)
