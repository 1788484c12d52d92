"""Does a confidence of 80% mean that 80% of such answers are correct?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15
"""Bins of equal width, as in Guo et al. 2017."""


@dataclass(frozen=True)
class CalibrationBin:
    """The photos whose confidence lies in `(low, high]`."""

    low: float
    high: float
    photos: int
    confidence: float | None
    """Their mean confidence; None if there are no photos."""
    accuracy: float | None
    """The share of correct answers among them; None if there are no photos."""


def reliability(
    confidence: NDArray[np.float64], correct: NDArray[np.bool_], bins: int = BINS
) -> tuple[CalibrationBin, ...]:
    """Sort the photos into bins of equal width by the confidence of their answer.

    Args:
        confidence: float64 `[n]`, 0 to 1: the predicted class's probability.
        correct: bool `[n]`.
        bins: Number of bins.
    """
    edges = np.linspace(0, 1, bins + 1)
    # side="left" makes (low, high]: a confidence of exactly 1 belongs to the last bin.
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    confidences = np.bincount(place, weights=confidence, minlength=bins)
    rights = np.bincount(place, weights=correct, minlength=bins)
    return tuple(
        CalibrationBin(
            low=float(edges[number]),
            high=float(edges[number + 1]),
            photos=int(count),
            confidence=float(confidences[number] / count) if count else None,
            accuracy=float(rights[number] / count) if count else None,
        )
        for number, count in enumerate(counts)
    )


def expected_calibration_error(bins: tuple[CalibrationBin, ...]) -> float:
    """Return the mean distance between accuracy and confidence, weighted by the bins' photos.

    `ECE = sum over bins of photos / n * |accuracy - confidence|`, Guo et al., On Calibration of
    Modern Neural Networks, ICML 2017, equation 3. 0 is perfect, 1 is worst.
    """
    total = sum(part.photos for part in bins)
    return sum(
        part.photos / total * abs(part.accuracy - part.confidence)
        for part in bins
        if part.accuracy is not None and part.confidence is not None
    )
