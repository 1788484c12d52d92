"""Read how a JPEG 2000 is divided; OpenJPEG keeps a record of each piece.

Source: ITU-T T.800, annex A.
"""

from collections.abc import Iterator
from typing import NamedTuple

from viewfinder_components.photos.photo_error import PhotoError
from viewfinder_components.photos.pictures.iso_boxes import number_at, read_boxes

_START = b"\xff\x4f\xff\x51"
_SIZE, _STYLE, _STYLE_OF_ONE, _TILE, _DATA, _END = 0xFF51, 0xFF52, 0xFF53, 0xFF90, 0xFF93, 0xFFD9
_MOST_TILES = 4_096
_MOST_COLOURS = 4  # Pillow reads no more
_MOST_PARTS = 20_000  # a tile may come in many
_LEAST_BLOCK = 10  # log2 of the samples of a code-block: 32 x 32. Encoders write 64 x 64
_LEAST_PRECINCT = 10  # likewise


class Jpeg2000(NamedTuple):
    """A codestream's properties, from its header."""

    width: int
    height: int
    levels: int
    """How often it can be halved while it is decoded."""


def read_jpeg2000(data: bytes) -> Jpeg2000 | None:
    """Read a codestream's header.

    Returns:
        Its properties; None if it cannot be read.

    Raises:
        PhotoError: The picture has so many pieces that their records would fill memory.
    """
    try:
        start = _codestream(data)
        return None if start is None else _read(data, start)
    except (IndexError, ValueError):
        return None


def _codestream(data: bytes) -> int | None:
    if data.startswith(_START):
        return 0
    found = (box.start for box in read_boxes(data, 0, len(data)) if box.name == b"jp2c")
    return next(found, None)


def _read(data: bytes, start: int) -> Jpeg2000 | None:
    picture, place = None, start + 2
    for marker, body in _markers(data, place):
        if marker == _SIZE:
            picture = _read_size(data, body)
        elif marker == _STYLE:
            levels = _read_style(data, body)
            picture = picture and picture._replace(levels=min(picture.levels, levels))
        elif marker == _STYLE_OF_ONE:
            raise _refusal("kinds of blocks")
        elif marker == _TILE:
            place = body - 4
            break
    _need_plain_tiles(data, place)
    return picture


def _need_plain_tiles(data: bytes, place: int) -> None:
    """Refuse tiles that are divided differently from what the picture's header states."""
    parts = 0
    while place + 12 <= len(data) and number_at(data, place, 2) == _TILE:
        parts += 1
        if parts > _MOST_PARTS:
            raise _refusal("parts")
        for marker, _ in _markers(data, place):
            if marker in (_STYLE, _STYLE_OF_ONE):
                raise _refusal("kinds of blocks")
            if marker == _DATA:
                break
        place += number_at(data, place + 6, 4) or len(data)


def _markers(data: bytes, place: int) -> Iterator[tuple[int, int]]:
    """Yield the markers of a header, each with where its content starts."""
    while place + 4 <= len(data) and (marker := number_at(data, place, 2)) != _END:
        yield marker, place + 4
        place += 2 + max(2, number_at(data, place + 2, 2))


def _read_size(data: bytes, body: int) -> Jpeg2000:
    right, bottom, left, top, tile_width, tile_height, tile_left, tile_top = (
        number_at(data, place, 4) for place in range(body + 2, body + 34, 4)
    )
    if not tile_width or not tile_height or number_at(data, body + 34, 2) > _MOST_COLOURS:
        raise ValueError
    across = -(-(right - tile_left) // tile_width)
    down = -(-(bottom - tile_top) // tile_height)
    if across * down > _MOST_TILES:
        raise _refusal("tiles")
    return Jpeg2000(right - left, bottom - top, 32)


def _read_style(data: bytes, body: int) -> int:
    levels = number_at(data, body + 5, 1)
    block = number_at(data, body + 6, 1) + number_at(data, body + 7, 1) + 4
    if block < _LEAST_BLOCK:
        raise _refusal("blocks")
    if number_at(data, body, 1) & 1:
        for level in range(levels + 1):
            sides = number_at(data, body + 10 + level, 1)
            # Each lower level has a quarter of the pixels, so its precincts may be smaller.
            if (sides & 15) + (sides >> 4) < _LEAST_PRECINCT - 2 * (levels - level):
                raise _refusal("precincts")
    return levels


def _refusal(parts: str) -> PhotoError:
    return PhotoError("too_large", f"the JPEG 2000 is divided into too many {parts}; resave it")
