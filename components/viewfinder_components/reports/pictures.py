"""Small pictures that live inside the page, as data URIs."""

import base64
import io

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

_QUALITY = 80  # a thumbnail of 160 pixels is 5 to 8 kB
_RIGHT, _WRONG = (59, 120, 245), (220, 66, 60)  # blue and red that show on white and on black


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


def heat_picture(shares: NDArray[np.float64]) -> str:
    """Return a square matrix as a picture of one pixel a cell: the larger, the less transparent.

    Transparency is what makes it fit a light page and a dark one. The diagonal is blue, the rest
    red.

    Args:
        shares: float64 `[classes, classes]`, 0 to 1.
    """
    cells = np.empty((*shares.shape, 4), np.uint8)
    cells[..., :3] = np.where(np.eye(len(shares), dtype=bool)[..., None], _RIGHT, _WRONG)
    # The square root lifts small shares, the rare confusions, out of invisibility.
    cells[..., 3] = np.rint(255 * np.sqrt(np.clip(shares, 0, 1)))
    file = io.BytesIO()
    Image.fromarray(cells).save(file, "PNG")
    return _data_uri("image/png", file.getvalue())


def _data_uri(mime: str, content: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode('ascii')}"
