"""Weights that keep a large class from drowning a small one."""

import numpy as np
from numpy.typing import NDArray

IMBALANCE = 1.5
"""From this ratio of the largest class to the smallest on, classes are weighted."""


def balanced_weights(labels: NDArray[np.int32], classes: int) -> NDArray[np.float32] | None:
    """Weigh each class by the inverse of its size, so that all count the same in the loss.

    `n / (classes * n_class)`, the rule of scikit-learn's "balanced": the mean weight of a photo
    is 1, so the loss and the learning rate keep their meaning.

    Args:
        labels: int32 `[n]`, the class of every training photo.
        classes: How many classes there are.

    Returns:
        float32 `[classes]`; None when the sizes differ too little to matter.
    """
    sizes = np.bincount(labels, minlength=classes)
    smallest = max(int(sizes.min()), 1)  # a class without training photos weighs as one photo
    if sizes.max() <= IMBALANCE * smallest:
        return None
    return (len(labels) / (classes * np.maximum(sizes, 1))).astype(np.float32)
