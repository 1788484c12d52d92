"""From a file's bytes to the pixels a model sees: the same for training and for serving.

The contract, which the SavedModel repeats in TensorFlow operations:

1. A JPEG is shrunk while it is decoded as far as `jpeg.reduction` allows, then its EXIF
   orientation is applied.
2. A PNG is held to libpng's rules and decoded by Pillow, as every other format is: first frame,
   the high byte of 16 bits, alpha over white. EXIF does not count; a HEIC and an AVIF are turned
   as their own properties say.
3. The picture is squashed to a square with an antialiased triangle filter.
"""

import threading
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viewfinder_components.photos.formats import AVIF, HEAD_BYTES, JPEG, PNG, detect_format
from viewfinder_components.photos.photo_error import PhotoError
from viewfinder_components.photos.pictures.avif import refuse_hidden_pixels
from viewfinder_components.photos.pictures.jpeg import (
    decode_jpeg,
    read_jpeg_header,
    reduction,
    without_metadata,
)
from viewfinder_components.photos.pictures.orientation import (
    is_sideways,
    read_orientation,
    turn_upright,
)
from viewfinder_components.photos.pictures.picture import (
    decode_picture,
    open_picture,
    picture_orientation,
)
from viewfinder_components.photos.pictures.png import read_png

__all__ = ["Photo", "PhotoError", "decode", "open_photo"]

# A PNG or a progressive JPEG of 100 megapixels takes 0.4 to 0.6 GB while it is decoded. One such
# at a time, or a machine with many cores runs out of memory on a folder full of them.
_GIANT_PIXELS = 24_000_000
_one_giant = threading.Lock()


class Photo(NamedTuple):
    """A decoded photo."""

    picture: Image.Image
    """Mode RGB, `size` x `size`, upright."""
    width: int
    """Pixels across in the file, as shown (after orientation)."""
    height: int
    """Pixels down in the file, as shown (after orientation)."""
    damage: str = ""
    """What is wrong with a photo that can be shown nevertheless; empty where nothing is. Such a
    photo gets an answer, as browsers show it, but is no example to learn from."""


def decode(data: bytes, size: int, max_pixels: int) -> NDArray[np.uint8]:
    """Decode, orient and resize a photo.

    Args:
        data: The file, in any format of `formats.detect_format`.
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
    if name == PNG:
        return _open_png(data, size, max_pixels)
    picture = open_picture(data, name)
    width, height = picture.size
    with _room_for(width, height, max_pixels):
        if name == AVIF:
            refuse_hidden_pixels(data, width, height)
        squashed = _squash(decode_picture(picture), size)
    return _upright(squashed, width, height, picture_orientation(picture, data))


def _open_jpeg(data: bytes, size: int, max_pixels: int) -> Photo:
    header = read_jpeg_header(data)
    if header is None or header.colour in ("CMYK", "YCCK"):
        return _open_unusual_jpeg(data, size, max_pixels)
    width, height = header.width, header.height
    try:
        with _room_for(width, height, max_pixels):
            pixels = decode_jpeg(data, header, reduction(width, height, size))
            squashed = _squash(Image.fromarray(pixels), size)
    except PhotoError as error:
        if error.kind != "broken":
            raise
        # Where the decoder can go on to the end, browsers and TensorFlow show the photo; it stops
        # at the first fault, Pillow's does not.
        return _open_unusual_jpeg(data, size, max_pixels)._replace(damage=error.sentence)
    return _upright(squashed, width, height, read_orientation(data))


def _open_unusual_jpeg(data: bytes, size: int, max_pixels: int) -> Photo:
    picture = open_picture(without_metadata(data), JPEG)
    width, height = picture.size
    with _room_for(width, height, max_pixels):
        squashed = _squash(decode_picture(picture, reduction(width, height, size)), size)
    return _upright(squashed, width, height, read_orientation(data))


def _open_png(data: bytes, size: int, max_pixels: int) -> Photo:
    png = read_png(data)
    width, height = png.header.width, png.header.height
    with _room_for(width, height, max_pixels):
        png.need_all_pixels()
        squashed = _squash(decode_picture(open_picture(png.file(), PNG)), size)
    return Photo(squashed, width, height)


def _upright(squashed: Image.Image, width: int, height: int, orientation: int) -> Photo:
    """Turn after the resize, where it costs nothing; the same but for one rounding."""
    if is_sideways(orientation):
        width, height = height, width
    return Photo(turn_upright(squashed, orientation), width, height)


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
