"""How many pixels an AVIF will unpack, from the headers of its AV1 streams.

The file names its size in a property, and the decoder believes the streams: a few kilobytes that
say 8 x 8 may unpack to hundreds of megapixels and are scaled down afterwards. Pillow has no limit
for that, so the streams' own headers are read before anything is decoded.

Sources: ISO/IEC 14496-12 (boxes, `iloc`), AV1 Bitstream Specification 5.3 to 5.5.
"""

from collections.abc import Iterator
from typing import NamedTuple

from viewfinder_components.photos.photo_error import PhotoError

_SEQUENCE_HEADER = 1
_MOST_UNITS = 1000  # in a stream; a photo's has a handful
_SPARE_PIXELS = 4_000_000
_SPARE_FACTOR = 4  # transparency, a gain map, a thumbnail, and tiles that stand over the edge


def refuse_hidden_pixels(data: bytes, width: int, height: int) -> None:
    """Refuse an AVIF that unpacks to much more than it says.

    Args:
        data: The file.
        width: Pixels across, as the file says.
        height: Pixels down, as the file says.

    Raises:
        PhotoError: It does, or its boxes cannot be read.
    """
    try:
        coded = sum(_coded_pixels(stream) for stream in _items(data))
    except (IndexError, ValueError) as error:
        raise PhotoError("broken", "the AVIF is damaged (its boxes are cut short)") from error
    if coded > _SPARE_FACTOR * width * height + _SPARE_PIXELS:
        raise PhotoError(
            "broken",
            f"the AVIF is damaged (it unpacks to {coded:,} pixels and says {width} x {height})",
        )


class _Box(NamedTuple):
    name: bytes
    start: int
    """Where its content begins."""
    end: int


def _boxes(data: bytes, start: int, end: int) -> Iterator[_Box]:
    while start + 8 <= end:
        size, name, content = _number(data, start, 4), data[start + 4 : start + 8], start + 8
        if size == 1:
            size, content = _number(data, content, 8), content + 8
        stop = end if size == 0 else start + size
        if stop < content:
            raise ValueError
        yield _Box(name, content, min(stop, end))
        start = stop


def _items(data: bytes) -> Iterator[bytes]:
    """Yield the content of every item, which together are not much longer than the file."""
    left = 2 * len(data)
    for item in _listed_items(data):
        left -= len(item)
        if left < 0:  # the same bytes again and again, to keep a reader busy
            raise ValueError
        yield item


def _listed_items(data: bytes) -> Iterator[bytes]:
    for meta in _boxes(data, 0, len(data)):
        if meta.name == b"meta":
            boxes = {box.name: box for box in _boxes(data, meta.start + 4, meta.end)}
            if b"iloc" in boxes:
                idat = boxes.get(b"idat")
                yield from _located(data, boxes[b"iloc"].start, idat.start if idat else 0)


def _located(data: bytes, place: int, idat: int) -> Iterator[bytes]:
    reader = _Numbers(data, place)
    version = reader.take(1)
    reader.take(3)
    sizes, more = reader.take(1), reader.take(1)
    offset_size, length_size, base_size = sizes >> 4, sizes & 15, more >> 4
    index_size = more & 15 if version else 0
    for _ in range(reader.take(4 if version == 2 else 2)):
        reader.take(4 if version == 2 else 2)
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
        yield item


class _Numbers:
    """Reads big-endian numbers one after the other."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data = data
        self._place = place

    def take(self, size: int) -> int:
        value = _number(self._data, self._place, size)
        self._place += size
        return value


def _number(data: bytes, place: int, size: int) -> int:
    if place + size > len(data):
        raise IndexError
    return int.from_bytes(data[place : place + size], "big")


def _coded_pixels(stream: bytes) -> int:
    """Return the largest frame that a stream may hold; 0 where it is no AV1."""
    largest, place, units = 0, 0, 0
    while place < len(stream):
        units += 1
        if units > _MOST_UNITS:
            raise ValueError
        head = stream[place]
        kind, has_extension, has_size = head >> 3 & 15, head >> 2 & 1, head >> 1 & 1
        place += 1 + has_extension
        size, place = _leb128(stream, place) if has_size else (len(stream) - place, place)
        if kind == _SEQUENCE_HEADER:
            largest = max(largest, _frame_pixels(stream[place : place + size]))
        place += size
    return largest


def _leb128(stream: bytes, place: int) -> tuple[int, int]:
    """Return a number and the place after it."""
    value = 0
    for count, byte in enumerate(stream[place : place + 8]):
        value |= (byte & 127) << 7 * count
        if not byte & 128:
            return value, place + count + 1
    return len(stream), place  # no such number: the rest is no AV1


class _Bits:
    """Reads bits, zeros beyond the end."""

    def __init__(self, data: bytes) -> None:
        self._left = 8 * len(data)
        self._value = int.from_bytes(data, "big")

    def take(self, count: int) -> int:
        self._left -= count
        shifted = self._value >> self._left if self._left >= 0 else self._value << -self._left
        return shifted & ((1 << count) - 1)

    def skip_uvlc(self) -> None:
        zeros = 0
        while zeros < 32 and not self.take(1):
            zeros += 1
        self.take(zeros)


def _frame_pixels(header: bytes) -> int:
    """Read a sequence header as far as the largest frame's width and height."""
    bits = _Bits(header[:256])
    bits.take(4)  # profile, still picture
    if bits.take(1):  # the short form for still pictures
        bits.take(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    return (bits.take(width_bits) + 1) * (bits.take(height_bits) + 1)


def _skip_operating_points(bits: _Bits) -> None:
    delay_bits = 0
    if bits.take(1):  # timing
        bits.take(64)
        if bits.take(1):
            bits.skip_uvlc()
        if bits.take(1):  # decoder model
            delay_bits = bits.take(5) + 1
            bits.take(42)
    has_display_delay = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if delay_bits and bits.take(1):
            bits.take(2 * delay_bits + 1)
        if has_display_delay and bits.take(1):
            bits.take(4)
