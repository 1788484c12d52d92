"""Ask a served model which parts of a photo support its answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewfinder_client.answers import Unanswered
from viewfinder_client.endpoint import Endpoint
from viewfinder_client.v1_answers import need_number, need_probability, need_text
from viewfinder_pipelines.local.prediction import ask_about_photos


@dataclass(frozen=True)
class Explanation:
    """What the model says about one photo, and which parts of the photo support it.

    Attributes:
        photo: The photo's path or URI.
        label: The most probable label, which is the one that is explained.
        probability: Its probability.
        map: The label's logit, spread over the photo: rows from top to bottom, and in each the
            columns from left to right. The mean of all numbers is the logit; numbers above the mean
            support the label.
        box: What the map covers, the whole photo: left, top, right and bottom, in pixels of the
            photo as it is shown, with its EXIF orientation applied.
        method: `cam`, an exact class activation map, or `grad-cam`, for a head with hidden layers.
    """

    photo: str
    label: str
    probability: float
    map: tuple[tuple[float, ...], ...]
    box: tuple[int, int, int, int]
    method: str

    @property
    def extent(self) -> tuple[int, int, int, int]:
        """The box as matplotlib's `imshow` takes it: left, right, bottom, top."""
        left, top, right, bottom = self.box
        return left, right, bottom, top


def explain_photos(
    photos: Sequence[str | Path], endpoint: str, model: str | None = None
) -> Iterator[Explanation | Unanswered]:
    """Send photos to `:explain` of a V1 endpoint, one request each.

    Args:
        photos: As for `predict_photos`.
        endpoint: As for `predict_photos`.
        model: As for `predict_photos`.

    Returns:
        An iterator over the results, one for each photo, in order.

    Raises:
        UsageError: The endpoint is no URL.
        PermanentError: The server does not explain, and what `predict_photos` raises.
        TransientError: The server cannot be reached, fails, or stays busy.
    """
    return ask_about_photos(photos, Endpoint.read(endpoint, model), ":explain", _read_explanation)


def _read_explanation(photo: str, answer: Any) -> Explanation:
    (values,) = answer["explanations"]
    left, top, right, bottom = (int(need_number(edge)) for edge in values["box"])
    rows = tuple(tuple(map(need_number, row)) for row in values["map"])
    widths = {len(row) for row in rows}
    if len(widths) != 1 or 0 in widths:
        raise ValueError("a map that is not a rectangle of numbers")
    return Explanation(
        photo,
        need_text(values["label"]),
        need_probability(values["probability"]),
        rows,
        (left, top, right, bottom),
        need_text(values["method"]),
    )
