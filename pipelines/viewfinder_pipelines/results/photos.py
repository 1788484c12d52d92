"""Photos side by side, as a figure."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any, cast

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from viewfinder_client.answers import Unanswered
from viewfinder_components.errors import PermanentError, UsageError, ViewfinderError
from viewfinder_components.photos.decode import open_photo
from viewfinder_components.photos.photo_error import PhotoError
from viewfinder_components.photos.read import read_photo
from viewfinder_components.photos.uri import name_to_uri
from viewfinder_components.reports.formatting import plural
from viewfinder_components.reports.pictures import light_up
from viewfinder_pipelines.local.explanation import Explanation
from viewfinder_pipelines.results.lettering import LINE, SIZE, shorten_name, wrap
from viewfinder_pipelines.results.style import MUTED, new_figure, styled

Photo = str | Path | bytes
"""A file's path, a URI as in the tables, or a file's content."""
_SIDE = 320
"""Pixels that the longer side of a photo is drawn with."""
_MAX_PIXELS = 200_000_000
_CELL = 1.9
"""Inches, for a photo without its caption."""
_GAP = 0.1
"""Inches, between photos."""
MOST_PHOTOS = 300
"""In a figure: its picture has 40 MB then, which a notebook keeps."""
_WIDTH = 1.75
"""Inches, for text."""
_CAPTION_LINES = 6
_REASON_LINES = 10
_NAME_LETTERS = 40
"""The most letters of a class's name in a caption: two lines."""


@styled
def draw_photos(photos: Sequence[Photo], captions: Sequence[str], columns: int) -> Figure:
    """Draw photos in rows; one that cannot be read leaves its place empty, with the reason.

    Args:
        photos: At least one.
        captions: A text for each; empty for none at all.
        columns: How many stand side by side.
    """
    return _draw([partial(open_picture, photo) for photo in photos], captions, columns)


@styled
def draw_sentence(sentence: str) -> Figure:
    """Draw a sentence where there are no photos, which must not end a notebook.

    Args:
        sentence: A short one.
    """
    figure = new_figure(2 * _CELL, _CELL / 2, sentence)
    figure.text(0.5, 0.5, sentence, fontsize=SIZE, ha="center", va="center", color=MUTED)
    return figure


@styled
def draw_mistakes(mistakes: Sequence[Mapping[str, Any]], digests: Mapping[str, str]) -> Figure:
    """Draw photos with the class they have and the class that was predicted.

    Args:
        mistakes: At least one, as from `tables.find_mistakes`.
        digests: The photos' SHA-256 by URI, as far as known. A file that is another one by now is
            not the photo that the model was asked about, and is not drawn.
    """
    captions = [
        f"{shorten_name(one['label'], _NAME_LETTERS)}, predicted as\n"
        f"{shorten_name(one['predicted'], _NAME_LETTERS)} ({one['confidence']:.0%})"
        for one in mistakes
    ]
    readers = [partial(open_picture, one["uri"], digests.get(one["uri"])) for one in mistakes]
    return _draw(readers, captions, columns=6)


@styled
def draw_explanations(explanations: Sequence[Explanation | Unanswered], columns: int) -> Figure:
    """Draw photos, bright where they support the predicted class, as the report does.

    Args:
        explanations: At least one.
        columns: How many photos stand side by side.
    """
    captions = [
        f"{shorten_name(one.label, _NAME_LETTERS)} ({one.probability:.0%})"
        if isinstance(one, Explanation)
        else "no answer"
        for one in explanations
    ]
    return _draw([partial(_light_up, one) for one in explanations], captions, columns)


def _light_up(explanation: Explanation | Unanswered) -> NDArray[np.uint8]:
    if isinstance(explanation, Unanswered):
        raise PermanentError("an explanation", explanation.error, "leave the photo out")
    return light_up(open_picture(explanation.photo), np.array(explanation.map, np.float64))


def _draw(readers: Sequence[Callable[[], Any]], captions: Sequence[str], columns: int) -> Figure:
    if len(readers) > MOST_PHOTOS:
        raise UsageError(
            f"at most {MOST_PHOTOS} photos in a figure",
            f"{len(readers):,}",
            f"draw {MOST_PHOTOS} of them, or fewer",
        )
    texts = [wrap(str(caption), _WIDTH, _CAPTION_LINES) for caption in captions]
    lines = max((text.count("\n") + 1 for text in texts), default=-0.5)
    columns = min(columns, len(readers))
    told = "; ".join([plural(len(readers), "photo"), *(" ".join(text.split()) for text in texts)])
    grid = _make_grid(ceil(len(readers) / columns), columns, LINE * (lines + 0.5), told)
    for axes in grid:
        axes.set_axis_off()
    for axes, read, text in zip(grid, readers, texts or [""] * len(readers), strict=False):
        axes.set_title(text, fontsize=SIZE, fontweight="normal", parse_math=False)
        try:
            axes.imshow(read())
        except ViewfinderError as error:
            axes.set_aspect("equal")
            _write_reason(axes, error.received)
    return cast(Figure, grid[0].figure)


def _make_grid(rows: int, columns: int, room: float, description: str) -> NDArray[Any]:
    """Return axes in the order of reading, with some inches above each for its caption.

    matplotlib's own layout takes minutes for hundreds of them.
    """
    width, height = _CELL * columns, (_CELL + room) * rows
    figure, side = new_figure(width, height, description), _CELL - _GAP
    figure.set_layout_engine("none")
    places = {
        "left": _GAP / 2 / width,
        "right": 1 - _GAP / 2 / width,
        "bottom": _GAP / 2 / height,
        "top": 1 - (room + _GAP / 2) / height,
        "wspace": _GAP / side,
        "hspace": (room + _GAP) / side,
    }
    grid: NDArray[Any] = figure.subplots(rows, columns, squeeze=False, gridspec_kw=places).ravel()
    return grid


def _write_reason(axes: Any, reason: str) -> None:
    """Write why there is no photo; the text must not take room from the other photos."""
    text = wrap(reason, _WIDTH, _REASON_LINES)
    written = axes.text(0.5, 0.5, text, fontsize=SIZE, ha="center", va="center", color=MUTED)
    written.set_parse_math(False)
    written.set_in_layout(False)


def open_picture(photo: Photo, sha256: str | None = None) -> Image.Image:
    """Read a photo as it is shown to people: upright, in its own shape.

    Args:
        photo: The photo.
        sha256: Hexadecimal digest that its file must have; None for any.

    Returns:
        RGB, its longer side 320 pixels.

    Raises:
        PermanentError: It cannot be read, is not a photo, or has changed.
        TransientError: The store that holds it does not answer.
    """
    content = photo if isinstance(photo, bytes) else read_photo(name_to_uri(photo))
    if sha256 and hashlib.sha256(content).hexdigest() != sha256:
        raise PermanentError(
            f"the photo {photo!r} as it was in the run",
            "the file has changed since the run",
            "restore it, or leave it out",
        )
    try:
        opened = open_photo(content, _SIDE, _MAX_PIXELS)
    except PhotoError as error:
        name = "bytes" if isinstance(photo, bytes) else photo
        raise PermanentError(f"a photo in {name}", error.sentence, "leave it out") from error
    longest = max(opened.width, opened.height)
    width, height = (
        max(1, round(side * _SIDE / longest)) for side in (opened.width, opened.height)
    )
    return opened.picture.resize((width, height))
