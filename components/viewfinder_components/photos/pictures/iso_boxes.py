"""The boxes of HEIC, AVIF and JP2 files, and the items of a HEIC or an AVIF.

Source: ISO/IEC 14496-12 (boxes, `iloc`, `iref`, `iprp`).
"""

from collections.abc import Iterator
from typing import NamedTuple

_MOST_REFERENCES = 20_000


class Box(NamedTuple):
    """A box."""

    name: bytes
    start: int
    """Where its content begins."""
    end: int


class Reference(NamedTuple):
    """One item's references of one kind."""

    kind: bytes
    source: int
    targets: tuple[int, ...]


def read_boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two places.

    Raises:
        ValueError: A box ends before it begins.
    """
    while start + 8 <= end:
        size, name, content = number_at(data, start, 4), data[start + 4 : start + 8], start + 8
        if size == 1:
            size, content = number_at(data, content, 8), content + 8
        stop = end if size == 0 else start + size
        if stop < content:
            raise ValueError
        yield Box(name, content, min(stop, end))
        start = stop


def read_items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the number and the content of every item.

    Together they may not be much longer than the file: reusing the same bytes many times would only
    keep a reader busy.

    Raises:
        ValueError, IndexError: The boxes are damaged.
    """
    left = 2 * len(data)
    for number, item in _listed_items(data):
        left -= len(item)
        if left < 0:
            raise ValueError
        yield number, item


def read_references(data: bytes) -> Iterator[Reference]:
    """Yield which items refer to which.

    Raises:
        ValueError, IndexError: The boxes are damaged, or there are too many.
    """
    left = _MOST_REFERENCES
    for meta in _metas(data):
        for box in read_boxes(data, meta.start + 4, meta.end):
            if box.name != b"iref":
                continue
            size = 4 if data[box.start : box.start + 1] == b"\1" else 2
            for one in read_boxes(data, box.start + 4, box.end):
                reader = _Numbers(data, one.start)
                source, count = reader.take(size), reader.take(2)
                left -= count
                if left < 0:
                    raise ValueError
                yield Reference(one.name, source, tuple(reader.take(size) for _ in range(count)))


def read_properties(data: bytes, name: bytes) -> dict[int, list[bytes]]:
    """Return the properties of a given name that each item has.

    Raises:
        ValueError, IndexError: The boxes are damaged.
    """
    found: dict[int, list[bytes]] = {}
    for meta in _metas(data):
        for iprp in read_boxes(data, meta.start + 4, meta.end):
            if iprp.name == b"iprp":
                _add_properties(data, iprp, name, found)
    return found


def _add_properties(data: bytes, iprp: Box, name: bytes, found: dict[int, list[bytes]]) -> None:
    parts = list(read_boxes(data, iprp.start, iprp.end))
    properties = [
        data[one.start : one.end] if one.name == name else None
        for ipco in parts
        if ipco.name == b"ipco"
        for one in read_boxes(data, ipco.start, ipco.end)
    ]
    for ipma in parts:
        if ipma.name == b"ipma":
            for number, index in _associations(data, ipma):
                content = properties[index - 1] if 0 < index <= len(properties) else None
                if content is not None:
                    found.setdefault(number, []).append(content)


def _associations(data: bytes, ipma: Box) -> Iterator[tuple[int, int]]:
    reader = _Numbers(data, ipma.start)
    number_size = 4 if reader.take(1) else 2
    reader.take(2)
    index_size = 2 if reader.take(1) & 1 else 1
    for _ in range(reader.take(4)):
        number = reader.take(number_size)
        for _ in range(reader.take(1)):
            yield number, reader.take(index_size) & (0x7F if index_size == 1 else 0x7FFF)


def _metas(data: bytes) -> Iterator[Box]:
    return (box for box in read_boxes(data, 0, len(data)) if box.name == b"meta")


def _listed_items(data: bytes) -> Iterator[tuple[int, bytes]]:
    for meta in _metas(data):
        boxes = {box.name: box for box in read_boxes(data, meta.start + 4, meta.end)}
        if b"iloc" in boxes:
            idat = boxes.get(b"idat")
            yield from _located(data, boxes[b"iloc"].start, idat.start if idat else 0)


def _located(data: bytes, place: int, idat: int) -> Iterator[tuple[int, bytes]]:
    reader = _Numbers(data, place)
    version = reader.take(1)
    reader.take(3)
    sizes, more = reader.take(1), reader.take(1)
    offset_size, length_size, base_size = sizes >> 4, sizes & 15, more >> 4
    index_size = more & 15 if version else 0
    for _ in range(reader.take(4 if version == 2 else 2)):
        number = reader.take(4 if version == 2 else 2)
        in_idat = (reader.take(2) & 15) == 1 if version else False
        reader.take(2)
        base = reader.take(base_size) + (idat if in_idat else 0)
        item = b""
        for _ in range(reader.take(2)):
            reader.take(index_size)
            offset, length = base + reader.take(offset_size), reader.take(length_size)
            item += data[offset : offset + length] if length else data[offset:]
            if len(item) > len(data):
                raise ValueError
        yield number, item


class _Numbers:
    """Reads big-endian numbers one at a time."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data = data
        self._place = place

    def take(self, size: int) -> int:
        value = number_at(self._data, self._place, size)
        self._place += size
        return value


def number_at(data: bytes, place: int, size: int) -> int:
    """Return a big-endian number.

    Raises:
        IndexError: The data end before it.
    """
    if place + size > len(data):
        raise IndexError
    return int.from_bytes(data[place : place + size], "big")
