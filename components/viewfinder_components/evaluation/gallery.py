"""Choose the test photos that the page shows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.evaluation.scoring import Predictions
from viewfinder_components.formats.shards import Split
from viewfinder_components.reports.pictures import thumbnail

MISTAKES = 24
"""Photos that the page shows of those the model has wrong."""
RIGHT = 12
"""Photos that the page shows of those the model has right, for comparison."""


def worst_mistakes(predictions: Predictions, limit: int = MISTAKES) -> NDArray[np.intp]:
    """Return the wrong answers of which the model was surest, the surest first."""
    order = np.argsort(-predictions.confidence, kind="stable")
    return order[~predictions.correct[order]][:limit]


def surest_right(predictions: Predictions, limit: int = RIGHT) -> NDArray[np.intp]:
    """Return the right answers of which the model was surest, spread over the classes."""
    order = np.argsort(-predictions.confidence, kind="stable")
    order = order[predictions.correct[order]]
    turn: dict[int, int] = {}
    rounds = []
    for truth in predictions.truth[order].tolist():
        rounds.append(turn.get(truth, 0))
        turn[truth] = rounds[-1] + 1
    return order[np.argsort(rounds, kind="stable")][:limit]


def describe_photos(
    split: Split, predictions: Predictions, places: NDArray[np.intp]
) -> list[dict[str, Any]]:
    """Return what the page says about each photo, with a thumbnail of the pixels the model saw."""
    return [_describe_photo(split, predictions, int(place)) for place in places]


def _describe_photo(split: Split, predictions: Predictions, place: int) -> dict[str, Any]:
    truth, predicted = int(predictions.truth[place]), int(predictions.predicted[place])
    return {
        "uri": split.photos["uri"][place].as_py(),
        "label": predictions.labels[truth],
        "predicted": predictions.labels[predicted],
        "confidence": float(predictions.confidence[place]),
        "confidence_in_label": float(predictions.probabilities[place, truth]),
        "thumbnail": thumbnail(split.pixels(place, place + 1)[0]),
    }
