"""From a file's bytes to the pixels a model sees: the same for training and for serving.

The contract, which the SavedModel repeats in TensorFlow operations:

1. A JPEG is shrunk while it is decoded, as far as `jpeg.reduction` allows, then its EXIF
   orientation is applied.
2. A PNG is checked against libpng's rules and decoded by Pillow, like all other formats: first
   frame, the high byte of 16 bits, alpha over white. EXIF is ignored; a HEIC and an AVIF are turned
   according to their own properties.
3. The picture is squashed to a square with an antialiased triangle filter.
"""

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.photos.formats import (
    HEAD_BYTES,
    HEIF,
    JPEG,
    PNG,
    WEBP,
    detect_format,
)
from viewfinder_components.photos.photo_error import PhotoError
from viewfinder_components.photos.plan import Photo, Plan
from viewfinder_components.photos.plan_jpeg import plan_jpeg
from viewfinder_components.photos.plan_picture import (
    plan_heif,
    plan_picture,
    plan_png,
    plan_webp,
)
from viewfinder_components.photos.room import DecodingRoom

__all__ = ["PREPROCESSING", "Photo", "PhotoError", "Plan", "decode", "open_photo", "plan_photo"]

PREPROCESSING = 1
"""Which pixels `decode` makes. Clients that decode for a server compare their number with the
server's; whoever changes a pixel of any photo raises it."""
_MEGABYTES = 640
# For all threads of a process that are given no other: a PNG of 120 megapixels needs 480 MB.
_PROCESS_ROOM = DecodingRoom(_MEGABYTES * 1_000_000)

_PLANS = {JPEG: plan_jpeg, PNG: plan_png, HEIF: plan_heif, WEBP: plan_webp}


def decode(
    data: bytes, size: int, max_pixels: int, room: DecodingRoom = _PROCESS_ROOM
) -> NDArray[np.uint8]:
    """Decode, orient and resize a photo.

    Args:
        data: The file, in any format of `formats.detect_format`.
        size: Side of the square to make, in pixels.
        max_pixels: Largest `width * height` to decode; checked before anything is decoded.
        room: Memory for it. The photo waits until there is enough.

    Returns:
        uint8 `[size, size, 3]`, RGB.

    Raises:
        PhotoError: The bytes are not a photo, or it is too large.
    """
    return np.asarray(open_photo(data, size, max_pixels, room).picture)


def open_photo(
    data: bytes, size: int, max_pixels: int, room: DecodingRoom = _PROCESS_ROOM
) -> Photo:
    """Decode as `decode` does, and also return how large the photo was.

    Args:
        data: As for `decode`.
        size: As for `decode`.
        max_pixels: As for `decode`.
        room: As for `decode`.

    Raises:
        PhotoError: As `decode` does.
    """
    return plan_photo(data, size, max_pixels).decode(room)


def plan_photo(data: bytes, size: int, max_pixels: int, deadline: float | None = None) -> Plan:
    """Read a photo's header, and determine what decoding it will take.

    Args:
        data: As for `decode`.
        size: As for `decode`.
        max_pixels: As for `decode`.
        deadline: When to stop decoding, in seconds of `time.monotonic`; None for never.

    Raises:
        PhotoError: As `decode` does.
        OutOfTimeError: The deadline has passed.
    """
    name = detect_format(data[:HEAD_BYTES])
    if plan := _PLANS.get(name):
        return plan(data, size, max_pixels, deadline)
    return plan_picture(data, name, size, max_pixels, deadline)
