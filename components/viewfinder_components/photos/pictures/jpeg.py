"""Decode a JPEG, no larger than needed."""

import re
from typing import NamedTuple

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from viewfinder_components.photos.photo_error import PhotoError, describe

# Every block was decoded, and extra bytes precede the end marker: some phones pad this way.
_PADDED = re.compile("extraneous bytes before marker 0xd9")
_CUT_SHORT = re.compile("premature end of jpeg file", re.IGNORECASE)
_START = b"\xff\xd8"
_START_OF_SCAN = 0xDA
_ADOBE = 0xEE  # APP14: whether the colours are stored as their complement
_SAYS_NOTHING = {*range(0xE0, 0xF0), 0xFE} - {_ADOBE}  # APP0 to APP15 and comments


class JpegHeader(NamedTuple):
    """What is known about a JPEG before it is decoded."""

    width: int
    """Pixels across, as stored."""
    height: int
    """Pixels down, as stored."""
    colour: str
    """`YCbCr`, `RGB`, `Gray`, `CMYK` or `YCCK`."""


def reduction(width: int, height: int, size: int) -> int:
    """How far the DCT may shrink a photo that will be `size` pixels square.

    Args:
        width: Pixels across, as stored.
        height: Pixels down, as stored.
        size: Side of the square it is resized to afterwards.

    Returns:
        The largest of 1, 2, 4, 8 that leaves the shorter side at least `2 * size` pixels long,
        so that the resize still averages at least two pixels for each one that it makes.
    """
    return max(r for r in (1, 2, 4, 8) if r == 1 or min(width, height) // r >= 2 * size)


def read_jpeg_header(data: bytes) -> JpegHeader | None:
    """Read the header of a JPEG.

    Returns:
        The header, or None where libjpeg-turbo's simple interface cannot read it.
    """
    try:
        height, width, colour, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError:
        return None
    return JpegHeader(width, height, colour)


def decode_jpeg(data: bytes, header: JpegHeader, reduce: int) -> NDArray[np.uint8]:
    """Decode to RGB with the accurate DCT and smooth chroma, as TensorFlow does when asked to.

    Args:
        data: The file.
        header: Its header; `colour` must not be CMYK or YCCK.
        reduce: 1, 2, 4 or 8: shrink both sides by it, rounding up.

    Returns:
        uint8 `[ceil(height / reduce), ceil(width / reduce), 3]`.

    Raises:
        PhotoError: The file is `truncated` or `broken`.
    """
    shape = {
        "min_width": -(-header.width // reduce),
        "min_height": -(-header.height // reduce),
    }
    try:
        return _decode(data, shape, strict=True)
    except ValueError as error:
        if not _PADDED.search(str(error)):
            raise _refusal(error) from error
    try:
        return _decode(data, shape, strict=False)
    except ValueError as error:
        raise _refusal(error) from error


def without_metadata(data: bytes) -> bytes:
    """Return a JPEG without its descriptive segments, which Pillow's parser may fail on."""
    parts, position = [_START], len(_START)
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        # The length includes its own two bytes; libjpeg treats a smaller number as these two.
        end = position + 2 + max(2, int.from_bytes(data[position + 2 : position + 4], "big"))
        if marker == _START_OF_SCAN or end > len(data):
            break
        if marker not in _SAYS_NOTHING:
            parts.append(data[position:end])
        position = end
    return b"".join((*parts, data[position:]))


def _decode(data: bytes, shape: dict[str, int], strict: bool) -> NDArray[np.uint8]:
    pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, "RGB", strict=strict, **shape)
    return pixels


def _refusal(error: ValueError) -> PhotoError:
    if _CUT_SHORT.search(str(error)):
        return PhotoError("truncated", f"the JPEG is truncated ({describe(error)})")
    return PhotoError("broken", f"the JPEG is damaged ({describe(error)})")
