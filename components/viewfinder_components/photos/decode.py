"""From a file's bytes to the pixels a model sees: the same for training and for serving.

The contract, which the SavedModel repeats in TensorFlow operations:

1. A JPEG is shrunk while it is decoded as far as `jpeg.reduction` allows, then its EXIF
   orientation is applied.
2. Every other format is decoded by Pillow: first frame, no EXIF, the high byte of 16 bits, alpha
   over white.
3. The picture is squashed to a square with an antialiased triangle filter.
"""

import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viewfinder_components.photos.formats import HEAD_BYTES, JPEG, detect_format
from viewfinder_components.photos.jpeg import JpegHeader, decode_jpeg, read_jpeg_header, reduction
from viewfinder_components.photos.orientation import is_sideways, read_orientation, turn_upright
from viewfinder_components.photos.photo_error import PhotoError
from viewfinder_components.photos.picture import decode_picture, open_picture

__all__ = ["Photo", "PhotoError", "decode", "open_photo"]

# A PNG or a progressive JPEG of 100 megapixels takes 0.4 to 0.6 GB while it is decoded. One such
# at a time, or a machine with many cores runs out of memory on a folder full of them.
_GIANT_PIXELS = 24_000_000
_one_giant = threading.Lock()


@dataclass(frozen=True)
class Photo:
    """A decoded photo."""

    picture: Image.Image
    """Mode RGB, `size` x `size`, upright."""
    width: int
    """Pixels across in the file, as shown (after orientation)."""
    height: int
    """Pixels down in the file, as shown (after orientation)."""


def decode(data: bytes, size: int, max_pixels: int) -> NDArray[np.uint8]:
    """Decode, orient and resize a photo.

    Args:
        data: The file, in any of JPEG, PNG, GIF, BMP, WebP and TIFF.
        size: Side of the square to make, in pixels.
        max_pixels: Largest `width * height` to decode; checked before anything is decoded.

    Returns:
        uint8 `[size, size, 3]`, RGB.

    Raises:
        PhotoError: The bytes are no photo, or too large a one.
    """
    return np.asarray(open_photo(data, size, max_pixels).picture)


def open_photo(data: bytes, size: int, max_pixels: int) -> Photo:
    """Decode as `decode` does, and tell how large the photo was.

    Args:
        data: As for `decode`.
        size: As for `decode`.
        max_pixels: As for `decode`.

    Raises:
        PhotoError: As `decode` does.
    """
    name = detect_format(data[:HEAD_BYTES])
    if name == JPEG:
        return _open_jpeg(data, size, max_pixels)
    picture = open_picture(data, name)
    width, height = picture.size
    with _room_for(width, height, max_pixels):
        return Photo(_squash(decode_picture(picture), size), width, height)


def _open_jpeg(data: bytes, size: int, max_pixels: int) -> Photo:
    header = read_jpeg_header(data)
    if header is None or header.colour in ("CMYK", "YCCK"):
        picture = open_picture(data, JPEG)
        width, height = picture.size
        decoder = partial(decode_picture, picture)
    else:
        width, height = header.width, header.height
        decoder = partial(_decode_turbo, data, header)
    with _room_for(width, height, max_pixels):
        squashed = _squash(decoder(reduction(width, height, size)), size)
    orientation = read_orientation(data)
    if is_sideways(orientation):
        width, height = height, width
    # Turned after the resize, where it costs nothing; the same but for one rounding.
    return Photo(turn_upright(squashed, orientation), width, height)


def _decode_turbo(data: bytes, header: JpegHeader, reduce: int) -> Image.Image:
    return Image.fromarray(decode_jpeg(data, header, reduce))


def _room_for(width: int, height: int, max_pixels: int) -> AbstractContextManager[object]:
    if width * height > max_pixels:
        raise PhotoError(
            "too_large",
            f"the photo has {width:,} x {height:,} = {width * height:,} pixels, "
            f"more than the limit of {max_pixels:,}",
        )
    return _one_giant if width * height > _GIANT_PIXELS else nullcontext()


def _squash(image: Image.Image, size: int) -> Image.Image:
    # Across, then down, in two calls: in one, the order of the passes, and with it the rounding,
    # depends on Pillow's release (13 turns it round for tall photos). It takes as long.
    across = image.resize((size, image.height), Image.Resampling.BILINEAR)
    return across.resize((size, size), Image.Resampling.BILINEAR)
