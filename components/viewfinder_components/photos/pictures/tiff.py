"""Read the directory of a TIFF before Pillow does, which keeps everything it points to.

Source: TIFF 6.0, section 2, and the BigTIFF design at https://libtiff.gitlab.io/libtiff/.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from viewfinder_components.photos.photo_error import PhotoError

_WIDTH, _LENGTH, _BITS, _COMPRESSION, _SAMPLES = 256, 257, 258, 259, 277
_ROWS_OF_STRIP, _TILE_WIDTH, _TILE_LENGTH = 278, 322, 323
_PART_SIZES = (279, 325)  # bytes of each strip, of each tile
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
               16: 8, 17: 8, 18: 8}  # fmt: skip
_BYTES = (1, 2, 6, 7)  # types that stay bytes; of the others, each number becomes an object
_LETTERS = {1: "B", 3: "H", 4: "I", 16: "Q"}
_UNCOMPRESSED = 1
_MOST_NUMBERS = 200_000
_SPARE_PIXELS = 4_000_000  # a tile may extend past the edge; a larger one is meant to fill memory
_OBJECT_BYTES = 400  # Pillow's record for each number: where a strip is, and how it is coded


class _Entry(NamedTuple):
    tag: int
    kind: int
    length: int
    content: memoryview
    order: str

    @property
    def size(self) -> int:
        return self.length * _TYPE_BYTES.get(self.kind, 1)

    def numbers(self) -> tuple[int, ...]:
        letter = _LETTERS.get(self.kind)
        if letter is None:
            return ()
        whole = len(self.content) // _TYPE_BYTES[self.kind] * _TYPE_BYTES[self.kind]
        return tuple(n for (n,) in struct.iter_unpack(self.order + letter, self.content[:whole]))


def tiff_bytes(data: bytes) -> int:
    """Return the bytes that decoding takes besides the picture's own pixels.

    Raises:
        PhotoError: The directory points to more than the file contains, has more numbers than any
            photo's, or its tiles are larger than the picture.
    """
    try:
        entries = list(_read_entries(data))
    except (struct.error, KeyError):
        return 0  # Pillow reports it in its own words
    numbers = sum(entry.length for entry in entries if entry.kind not in _BYTES)
    pointed = sum(entry.size for entry in entries)
    parts = sum(sum(entry.numbers()) for entry in entries if entry.tag in _PART_SIZES)
    if numbers > _MOST_NUMBERS:
        raise PhotoError("too_large", f"the TIFF's directory has {numbers:,} numbers; resave it")
    if max(pointed, parts) > 2 * len(data):
        raise PhotoError("broken", "the TIFF is damaged (it uses the same bytes repeatedly)")
    return 2 * pointed + _OBJECT_BYTES * numbers + _part_bytes(entries)


def _read_entries(data: bytes) -> Iterator[_Entry]:
    order = {b"II": "<", b"MM": ">"}[data[:2]]
    big = struct.unpack_from(order + "H", data, 2) == (43,)
    (start,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, start)
    layout, inline = (order + "HHQ", 8) if big else (order + "HHI", 4)
    first, step = start + (8 if big else 2), struct.calcsize(layout) + inline
    for place in range(first, min(first + count * step, len(data) - step + 1), step):
        tag, kind, number = struct.unpack_from(layout, data, place)
        size, value = number * _TYPE_BYTES.get(kind, 1), place + step - inline
        if size > inline:
            (value,) = struct.unpack_from(order + ("Q" if big else "I"), data, value)
        yield _Entry(tag, kind, number, memoryview(data)[value : value + size], order)


def _part_bytes(entries: list[_Entry]) -> int:
    """Return the bytes of a strip or a tile, unpacked."""
    said = {entry.tag: numbers for entry in entries if (numbers := entry.numbers())}

    def first(tag: int, default: int) -> int:
        return said.get(tag, (default,))[0]

    width, height = first(_WIDTH, 0), first(_LENGTH, 0)
    tile = first(_TILE_WIDTH, 0), first(_TILE_LENGTH, 0)
    if tile[0] * tile[1] > _SPARE_PIXELS + width * height:
        raise PhotoError(
            "too_large", f"the TIFF's tiles are {tile[0]} x {tile[1]}, larger than the picture"
        )
    if first(_COMPRESSION, _UNCOMPRESSED) == _UNCOMPRESSED:
        return 0
    pixels = max(tile[0] * tile[1], width * min(height, first(_ROWS_OF_STRIP, height)))
    bits = max(8, *said.get(_BITS, (8,)))
    # libtiff expands some to four bytes per pixel.
    return pixels * max(4, bits * first(_SAMPLES, 1) // 8)
