"""Small pictures embedded in the page, as data URIs."""

import base64
import io
from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, ImageFilter

_QUALITY = 80  # a thumbnail of 160 pixels is 5 to 8 kB
_SHADED_QUALITY = 60  # the same photo is shown next to it
_SHADE = 0.2  # the share of a photo's brightness that remains where the map is lowest
_RIGHT, _WRONG = (59, 120, 245), (220, 66, 60)  # blue and red that stand out on white and on black


def thumbnail(pixels: NDArray[np.uint8], side: int = 160) -> str:
    """Return a photo as a small JPEG in a data URI.

    Args:
        pixels: uint8 `[height, width, 3]`, RGB.
        side: Largest width and height of the thumbnail, in pixels; smaller photos stay as
            they are.
    """
    picture = Image.fromarray(pixels)
    picture.thumbnail((side, side), Image.Resampling.BILINEAR)
    jpeg = simplejpeg.encode_jpeg(np.ascontiguousarray(picture), quality=_QUALITY)
    return _data_uri("image/jpeg", jpeg)


def spotlight(pixels: NDArray[np.uint8], class_map: NDArray[np.float32], side: int = 160) -> str:
    """Return a photo as a small JPEG in a data URI: the higher the map there, the brighter.

    Args:
        pixels: uint8 `[height, width, 3]`, RGB.
        class_map: float32 `[rows, columns]` over the whole photo.
        side: As for `thumbnail`.
    """
    picture = Image.fromarray(pixels)
    picture.thumbnail((side, side), Image.Resampling.BILINEAR)
    jpeg = simplejpeg.encode_jpeg(light_up(picture, class_map), quality=_SHADED_QUALITY)
    return _data_uri("image/jpeg", jpeg)


def light_up(picture: Image.Image, class_map: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Return a photo, bright where a map is high.

    Brightness, unlike colours, is seen by everyone and leaves the photo's own colours. A line runs
    at half of the map's range, so that dark parts of the photo are told from dark parts of the map.

    Args:
        picture: Mode RGB.
        class_map: float32 or float64 `[rows, columns]`, finite, over the whole photo.

    Returns:
        uint8 `[height, width, 3]`, RGB.
    """
    # First of all at most 1: the difference of two numbers near the largest ones is infinite.
    values = class_map / np.float64(np.abs(class_map).max() or 1.0)
    span = np.ptp(values) or 1.0
    cells = Image.fromarray(((values - values.min()) / span).astype(np.float32))
    smooth = np.asarray(cells.resize(picture.size, Image.Resampling.BICUBIC))
    light = _SHADE + (1 - _SHADE) * smooth.clip(0, 1)
    lit = np.rint(np.asarray(picture) * light[..., np.newaxis]).astype(np.uint8)
    lit[_outline(smooth > 0.5)] = 255
    return lit


def _outline(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a line of 2 pixels around what is inside, bool like `inside`."""
    mask = Image.fromarray(inside.astype(np.uint8))
    wider = np.asarray(mask.filter(ImageFilter.MaxFilter(3)), np.bool_)
    narrower = np.asarray(mask.filter(ImageFilter.MinFilter(3)), np.bool_)
    return wider & ~narrower


def heat_picture(shares: NDArray[np.float64]) -> str:
    """Return a square matrix as a picture of one pixel per cell: the larger, the less transparent.

    Transparency makes it fit both light and dark pages. The diagonal is blue, the rest
    red.

    Args:
        shares: float64 `[classes, classes]`, 0 to 1.
    """
    cells = np.empty((*shares.shape, 4), np.uint8)
    cells[..., :3] = np.where(np.eye(len(shares), dtype=bool)[..., None], _RIGHT, _WRONG)
    # The square root makes small shares, the rare confusions, visible.
    cells[..., 3] = np.rint(255 * np.sqrt(np.clip(shares, 0, 1)))
    file = io.BytesIO()
    Image.fromarray(cells).save(file, "PNG")
    return _data_uri("image/png", file.getvalue())


def _data_uri(mime: str, content: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode('ascii')}"
