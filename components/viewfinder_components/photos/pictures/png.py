"""Read a PNG as libpng does, which decodes it in the SavedModel and in every browser.

Pillow's parser differs: it rejects pictures because of what surrounds the pixels (a large colour
profile or text, a wrong checksum in a comment), and accepts some whose pixels are truncated. So
the chunks that make up the picture are extracted and checked against libpng's rules (checksums,
order, a complete stream of pixels); Pillow then decodes a file of nothing else.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from viewfinder_components.photos.photo_error import PhotoError, describe
from viewfinder_components.photos.room import need_time

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB, _PALETTE = 0, 2, 3
_CHANNELS = {_GREY: 1, _RGB: 3, _PALETTE: 1, 4: 2, 6: 4}
_DEPTHS = {_GREY: (1, 2, 4, 8, 16), _PALETTE: (1, 2, 4, 8)}
_LARGEST_PALETTE = 768  # bytes
_ANCILLARY = 0x20  # set in the first letter of a chunk's name: the picture does not need it
_PIECE = 1 << 12  # bytes of pixels that are unpacked at a time, at least
_PART = 1 << 13  # bytes of packed pixels at a time, as libpng
_MOST_SURPLUS = 1 << 24  # bytes after the last row: libpng ignores some
# Where each of Adam7's seven passes starts and how far apart its pixels are: x, y, dx, dy.
_ADAM7 = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
    (0, 1, 1, 2),
)  # fmt: skip


class _Header(NamedTuple):
    """The content of IHDR (PNG specification, third edition, 11.2.1)."""

    width: int
    height: int
    depth: int
    colour: int
    compression: int
    filter: int
    interlace: int

    @property
    def is_valid(self) -> bool:
        depths = _DEPTHS.get(self.colour, (8, 16))
        return (
            self.colour in _CHANNELS
            and self.depth in depths
            and min(self.width, self.height) > 0
            and max(self.width, self.height) < 1 << 31
            and (self.compression, self.filter) == (0, 0)
            and self.interlace in (0, 1)
        )

    def row_bytes(self) -> int:
        """Bytes of a whole row, unpacked."""
        return self._pass_bytes(0, self.height - 1, 1, 1)

    def pixel_bytes(self) -> int:
        """Bytes of a pixel once it is decoded by Pillow."""
        single = self.colour in (_GREY, _PALETTE)
        return (2 if self.depth == 16 else 1) if single else 4

    def unpacked_bytes(self) -> int:
        """Bytes of all rows with their filter bytes, unpacked."""
        passes = _ADAM7 if self.interlace else ((0, 0, 1, 1),)
        return sum(self._pass_bytes(*place) for place in passes)

    def _pass_bytes(self, x: int, y: int, dx: int, dy: int) -> int:
        across, down = -((x - self.width) // dx), -((y - self.height) // dy)
        bits = self.depth * _CHANNELS[self.colour]
        return max(down, 0) * (1 + (across * bits + 7) // 8) if across > 0 else 0


@dataclass
class PngPicture:
    """The chunks that make up a PNG's picture."""

    header: _Header
    has_palette: bool = False
    """Whether there was a palette, required or only suggested."""
    palette: bytes = b""
    transparency: bytes = b""
    pixels: list[memoryview] = field(default_factory=list)
    last: bytes = b"IHDR"
    """The name of the most recent chunk."""

    def take(self, name: bytes, body: memoryview, is_whole: bool) -> None:
        """Process a chunk after the header, or ignore it as libpng does.

        Raises:
            PhotoError: The chunk is required, and damaged or misplaced.
        """
        if name == b"PLTE":
            self._take_palette(body, is_whole)
        elif name == b"tRNS":
            self._take_transparency(body, is_whole)
        elif name == b"IDAT" and is_whole:
            if self.last == name or not self.pixels:
                self.pixels.append(body)
        elif not name[0] & _ANCILLARY and (name != b"IEND" or not is_whole):
            raise _damaged(_complaint(name, is_whole))
        self.last = name

    def _take_palette(self, body: memoryview, is_whole: bool) -> None:
        if self.has_palette:
            raise _damaged("it has two palettes")
        self.has_palette = True
        if self.header.colour != _PALETTE or self.pixels:
            return  # a suggestion for screens of few colours, or too late
        if not is_whole:
            raise _damaged(_complaint(b"PLTE", is_whole))
        if not body or len(body) % 3 or len(body) > _LARGEST_PALETTE:
            raise _damaged(f"its palette has {len(body):,} bytes")
        self.palette = bytes(body[: 3 << self.header.depth])

    def _take_transparency(self, body: memoryview, is_whole: bool) -> None:
        """Take the first valid one; libpng ignores all others."""
        sizes = {_GREY: (2, 2), _RGB: (6, 6), _PALETTE: (1, len(self.palette) // 3)}
        least, most = sizes.get(self.header.colour, (1, 0))
        if is_whole and least <= len(body) <= most and not self.pixels:
            self.transparency = self.transparency or bytes(body)

    def need_all_pixels(self, deadline: float | None = None) -> None:
        """Unpack the pixels, a piece at a time, to check that they are all there.

        Args:
            deadline: When to stop, in seconds of `time.monotonic`; None for never.

        Raises:
            PhotoError: They are truncated or damaged, or there are many more than there should be.
            OutOfTimeError: The deadline has passed.
        """
        missing = self.header.unpacked_bytes()
        stream = zlib.decompressobj(wbits=0)
        try:
            for part in self._parts():
                need_time(deadline)
                missing -= self._unpack(stream, part)
                if missing < -_MOST_SURPLUS:
                    raise _damaged("it has more pixels than it states")
        except zlib.error as error:
            raise _damaged(describe(error)) from error
        if missing > 0 or not stream.eof:
            raise PhotoError("truncated", "the PNG is truncated (some of its pixels are missing)")

    def _parts(self) -> Iterator[memoryview]:
        """Yield the pixels as they are packed, a little at a time: what is left over is copied."""
        for chunk in self.pixels:
            for start in range(0, len(chunk), _PART):
                yield chunk[start : start + _PART]

    def _unpack(self, stream: "zlib._Decompress", part: memoryview) -> int:
        """Return how many bytes a part unpacks to."""
        # One row at a time, as libpng does: a stream may refer further back than it declares.
        piece = max(self.header.row_bytes(), _PIECE)
        data: bytes | memoryview = part
        unpacked = 0
        while data and not stream.eof:
            unpacked += len(stream.decompress(data, piece))
            data = stream.unconsumed_tail
        return unpacked

    def file(self) -> bytes:
        """Return a PNG file of only the picture."""
        return b"".join(
            (
                _SIGNATURE,
                *_chunk(b"IHDR", struct.pack(">IIBBBBB", *self.header)),
                *(_chunk(b"PLTE", self.palette) if self.palette else ()),
                *(_chunk(b"tRNS", self.transparency) if self.transparency else ()),
                *_chunk(b"IDAT", *self.pixels),
                *_chunk(b"IEND"),
            )
        )


def read_png(data: bytes) -> PngPicture:
    """Find the chunks that make up the picture.

    Args:
        data: A file that starts with PNG's signature.

    Raises:
        PhotoError: A required chunk is missing, damaged or misplaced.
    """
    parts = _chunks(data)
    first = next(parts, None)
    if first is None:
        raise PhotoError("truncated", "the PNG is truncated (its header is missing)")
    picture = PngPicture(_header(*first))
    for part in parts:
        picture.take(*part)
    if picture.last != b"IEND":
        raise PhotoError("truncated", "the PNG is truncated (its end is missing)")
    if not picture.pixels:
        raise _damaged("it has no pixels")
    return picture


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview, bool]]:
    """Yield name, content and whether the checksum is right, up to the end or the truncation."""
    view, place = memoryview(data), len(_SIGNATURE)
    name = b""
    while name != b"IEND" and place + 12 <= len(view):
        length, name = struct.unpack_from(">I4s", view, place)
        end = place + 8 + length
        if not name.isalpha():
            raise _damaged(f"a chunk is named {name!r}")
        if end + 4 > len(view):
            return
        checksum = int.from_bytes(view[end : end + 4], "big")
        yield name, view[place + 8 : end], zlib.crc32(view[place + 4 : end]) == checksum
        place = end + 4


def _header(name: bytes, body: memoryview, is_whole: bool) -> _Header:
    if name != b"IHDR" or len(body) != 13:
        raise _damaged("it does not start with a header")
    header = _Header(*struct.unpack(">IIBBBBB", body))
    if not is_whole:
        raise _damaged(_complaint(name, is_whole))
    if not header.is_valid:
        raise _damaged(f"its header says {', '.join(map(str, header))}")
    return header


def _chunk(name: bytes, *parts: bytes | memoryview) -> Iterator[bytes | memoryview]:
    checksum = zlib.crc32(name)
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    yield struct.pack(">I4s", sum(map(len, parts)), name)
    yield from parts
    yield struct.pack(">I", checksum)


def _complaint(name: bytes, is_whole: bool) -> str:
    what = "is unknown or out of place" if is_whole else "has a wrong checksum"
    return f"its chunk {name.decode()} {what}"


def _damaged(why: str) -> PhotoError:
    return PhotoError("broken", f"the PNG is damaged ({why})")
