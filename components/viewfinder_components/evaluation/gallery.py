"""Choose the test photos that the page shows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.evaluation.scoring import Predictions
from viewfinder_components.formats.shards import Split
from viewfinder_components.inference import InferenceModel
from viewfinder_components.reports.pictures import spotlight, thumbnail

MISTAKES = 24
"""Number of wrongly classified photos on the page."""
RIGHT = 12
"""Number of correctly classified photos on the page, for comparison."""


def worst_mistakes(predictions: Predictions, limit: int = MISTAKES) -> NDArray[np.intp]:
    """Return the wrong answers with the highest confidence, highest first."""
    order = np.argsort(-predictions.confidence, kind="stable")
    return order[~predictions.correct[order]][:limit]


def surest_right(predictions: Predictions, limit: int = RIGHT) -> NDArray[np.intp]:
    """Return the correct answers with the highest confidence, spread over the classes."""
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
    """Return the page's text on each photo, with a thumbnail of the pixels the model saw."""
    return [_describe_photo(split, predictions, int(place)) for place in places]


def describe_explained(
    split: Split, predictions: Predictions, places: NDArray[np.intp], model: InferenceModel
) -> list[dict[str, Any]]:
    """Return the same, and as `spotlight` which parts of each photo support the predicted class.

    Args:
        split: The test split.
        predictions: The test photos.
        places: Of the photos, in the split.
        model: Without maps, there is no `spotlight`.
    """
    described = describe_photos(split, predictions, places)
    if model.explanation_method is not None:
        for photo, place in zip(described, places.tolist(), strict=True):
            pixels = split.pixels(place, place + 1)[0]
            explained = model.explain(pixels, int(predictions.predicted[place]))
            photo["spotlight"] = spotlight(pixels, explained.class_map)
    return described


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
