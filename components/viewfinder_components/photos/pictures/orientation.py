"""Which way up to show a JPEG, from its EXIF segment.

Parsed here because the SavedModel's TensorFlow operations must give the same result, and because
Pillow's parser takes longer than decoding a small photo.
"""

import struct

from PIL import Image

UPRIGHT = 1
ORIENTATION_TAG = 0x0112

_EXIF = b"Exif\0\0"
_SHORT = 3
_START_OF_SCAN = 0xDA
_APP1 = 0xE1
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_orientation(data: bytes) -> int:
    """Read the EXIF orientation of a JPEG.

    The first EXIF segment counts. Whatever is missing or malformed means upright, as in every
    browser.

    Args:
        data: The whole JPEG file, or at least everything before its first scan.

    Returns:
        1 to 8, as EXIF 2.32 table 4.6.4 (tag 274) numbers them.
    """
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == _START_OF_SCAN:
            break
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        body = position + 4
        if marker == _APP1 and data[body : body + 6] == _EXIF:
            return _from_tiff(data[body + 6 : position + 2 + length])
        position += 2 + length
    return UPRIGHT


def _from_tiff(tiff: bytes) -> int:
    """Find the orientation in the first directory of an EXIF segment's TIFF structure."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return UPRIGHT
    try:
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * entries, 12):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if tag == ORIENTATION_TAG:
                return value if kind == _SHORT and 1 <= value <= 8 else UPRIGHT
    except struct.error:  # the directory points outside the segment
        return UPRIGHT
    return UPRIGHT


def is_sideways(orientation: int) -> bool:
    """Whether showing the photo swaps its width and its height."""
    return orientation >= 5


def turn_upright(picture: Image.Image, orientation: int) -> Image.Image:
    """Undo the camera's rotation or mirroring.

    Args:
        picture: As stored.
        orientation: 1 to 8.
    """
    turn = _TURNS.get(orientation)
    return picture if turn is None else picture.transpose(turn)
