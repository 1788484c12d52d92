"""Probabilities of photos, each from a classifier that was not trained on it."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from viewfinder_components.progress import Progress

_C = 10.0
"""Inverse strength of the regularisation, for points at a distance of 1 from the origin. On cats
and dogs and on the demo's fruit, 1 to 10 find the same errors; 100 memorizes wrong labels."""
_ITERATIONS = 200
TRAINING_PHOTOS = 20_000
"""Photos to train on in each fold, if every class has as many: more take longer and add little."""
_LEAST_OF_CLASS = 100  # however many classes there are


def predict_out_of_fold(
    points: NDArray[np.float64],
    labels: NDArray[np.int32],
    folds: NDArray[np.int64],
    excluded: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Train a logistic regression on all folds but one and apply it to that one, for each.

    Args:
        points: float64 `[n, d]`.
        labels: int32 `[n]`.
        folds: int64 `[n]`.
        excluded: bool `[n]`, photos to train on in no fold.

    Returns:
        float64 `[n, classes]`, every row sums to 1. NaN where nothing can be said: for a photo
        whose class, or any second class, is in no other fold, or without dimensions.
    """
    probabilities = np.full((len(labels), int(labels.max()) + 1), np.nan)
    numbers = np.unique(folds)
    progress = Progress("evaluate: folds", len(numbers))
    for fold in numbers:
        known, asked = _first_of_class(labels, (folds != fold) & ~excluded), folds == fold
        asked = np.flatnonzero(asked & np.isin(labels, labels[known]))
        if len(asked) and points.shape[1] and len(np.unique(labels[known])) > 1:
            probabilities[asked] = 0
            classes, rows = _fit_predict(points[known], labels[known], points[asked])
            probabilities[np.ix_(asked, classes)] = rows
        progress.advance()
    progress.finish()
    return probabilities


def _first_of_class(labels: NDArray[np.int32], usable: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the places of the first usable photos of each class, as many as training takes."""
    places = np.flatnonzero(usable)
    places = places[np.argsort(labels[places], kind="stable")]
    _, start, count = np.unique(labels[places], return_index=True, return_counts=True)
    rank = np.arange(len(places)) - np.repeat(start, count)
    most = max(_LEAST_OF_CLASS, TRAINING_PHOTOS // max(len(start), 1))
    return places[rank < most]


def _fit_predict(
    points: NDArray[np.float64], labels: NDArray[np.int32], asked: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    classifier = LogisticRegression(C=_C, max_iter=_ITERATIONS)
    with warnings.catch_warnings():  # nearly converged is good enough to rank photos
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(points, labels)
    return classifier.classes_, classifier.predict_proba(asked)
