"""Small files that cost a careless decoder much: memory, time, or both."""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache

import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()  # teaches Pillow to write HEIF


_Made = tuple[str, Callable[[], bytes]]


@cache
def costly_pictures() -> dict[str, bytes]:
    """Return files by what is special about them."""
    return {name: make() for name, make in _all()}


def costly_picture(name: str) -> bytes:
    """Return one of them: all take many seconds to make."""
    return dict(_all())[name]()


def photo_of(width: int, height: int, form: str, mode: str = "RGB", **options: object) -> bytes:
    """Return a picture of one colour."""
    file = io.BytesIO()
    if form == "HEIF":
        options |= {"enc_params": {"preset": "ultrafast"}}
    colour = {"RGB": (10, 200, 30), "RGBA": (10, 200, 30, 99)}.get(mode, 9)
    Image.new(mode, (width, height), colour).save(file, form, **options)
    return file.getvalue()


def png(width: int, height: int, depth: int, colour: int) -> bytes:
    """Return a PNG of zeros, whose pixels are all there."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    rows = height * (1 + (width * channels * depth + 7) // 8)
    packer = zlib.compressobj(9)
    packed = b"".join(
        packer.compress(bytes(min(1 << 20, rows - at))) for at in range(0, rows, 1 << 20)
    )
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    palette = chunk(b"PLTE", bytes(3)) if colour == 3 else b""
    pixels = chunk(b"IDAT", packed + packer.flush())
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + palette + pixels + chunk(b"IEND", b"")


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def with_scans(data: bytes, scans: int) -> bytes:
    """Return a progressive JPEG whose last scan is there many times."""
    start, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    return data[:start] + data[start:end] * scans + data[end:]


def tiff(tags: dict[int, object], pixels: bytes) -> bytes:
    """Return a TIFF; a tag's value is a number, or what its numbers of 4 bytes are packed to."""
    start = 8 + 2 + 12 * len(tags) + 4
    entries, more = b"", b""
    for tag, value in sorted(tags.items()):
        if isinstance(value, bytes):
            entries += struct.pack("<HHII", tag, 4, len(value) // 4, start + len(more))
            more += value
        else:
            number = start + len(more) if value == "pixels" else value
            entries += struct.pack("<HHII", tag, 4, 1, number)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + more + pixels


def jpeg2000(width: int, height: int, tile: tuple[int, int], block: int = 4) -> bytes:
    """Return the header of a JPEG 2000 and an empty tile.

    Args:
        width: Pixels across.
        height: Pixels down.
        tile: A tile's pixels across and down.
        block: log2 of a code-block's side, less 2.
    """
    size = struct.pack(">HIIIIIIIIH", 0, width, height, 0, 0, *tile, 0, 0, 3) + b"\7\1\1" * 3
    style = struct.pack(">BBHBBBBBB", 0, 0, 1, 1, 5, block, block, 0, 1)
    quantities = bytes([0x40, *[0x40] * 16])
    parts = [(0x51, size), (0x52, style), (0x5C, quantities)]
    head = b"".join(
        b"\xff%c" % mark + struct.pack(">H", len(body) + 2) + body for mark, body in parts
    )
    tile_part = b"\xff\x90" + struct.pack(">HHIBB", 10, 0, 14, 0, 1) + b"\xff\x93"
    return b"\xff\x4f" + head + tile_part + b"\xff\xd9"


def _all() -> Iterator[_Made]:
    yield from _pngs()
    yield from _jpegs()
    yield from _webps()
    yield from _tiffs()
    yield from _others()


def _pngs() -> Iterator[_Made]:
    yield "PNG 1 x 1,000,000", lambda: png(1, 1_000_000, 8, 2)
    yield "PNG 1 x 5,000,000", lambda: png(1, 5_000_000, 8, 2)
    yield "PNG 5,000,000 x 1", lambda: png(5_000_000, 1, 8, 6)
    yield "PNG 100 x 65,535", lambda: png(100, 65_535, 8, 2)
    yield "PNG 65,535 x 800 of 16 bits", lambda: png(65_535, 800, 16, 6)
    yield "PNG 7000 x 7000", lambda: png(7000, 7000, 8, 2)
    yield "PNG 7000 x 7000 with transparency", lambda: png(7000, 7000, 8, 6)
    yield "PNG 9000 x 9000", lambda: png(9000, 9000, 8, 2)
    yield "PNG 10,000 x 10,000 of 1 bit", lambda: png(10_000, 10_000, 1, 0)
    yield "PNG 8 x 8 with 500 MB of pixels", lambda: _png_of_surplus_pixels(500_000_000)


def _png_of_surplus_pixels(surplus: int) -> bytes:
    small = png(8, 8, 8, 2)
    pixels = chunk(b"IDAT", zlib.compress(bytes(surplus), 9))
    return small[:33] + pixels + chunk(b"IEND", b"")


def _jpegs() -> Iterator[_Made]:
    progressive = photo_of(2000, 2000, "JPEG", progressive=True)
    yield "JPEG of 3,600 scans", lambda: with_scans(progressive, 3600)
    markers = b"\xff\xdd\0\4\0\0" * 500_000
    yield "JPEG of 1,000,000 markers", lambda: progressive[:2] + markers + progressive[2:]
    yield (
        "JPEG 10,000 x 10,000 progressive 4:4:4",
        lambda: photo_of(10_000, 10_000, "JPEG", progressive=True, subsampling=0),
    )
    yield "JPEG 447 x 65,500", lambda: photo_of(447, 65_500, "JPEG")


def _webps() -> Iterator[_Made]:
    yield (
        "WebP 7000 x 7000 lossless",
        lambda: photo_of(7000, 7000, "WEBP", "RGBA", lossless=True, method=0),
    )
    yield "WebP 16,383 x 16,383", lambda: _webp_canvas(16_383)
    yield (
        "WebP 3400 x 3400 lossless",
        lambda: photo_of(3400, 3400, "WEBP", "RGBA", lossless=True, method=0),
    )


def _webp_canvas(side: int) -> bytes:
    small = photo_of(8, 8, "WEBP", lossless=True)
    size = (side - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<IBBH", 10, 0, 0, 0) + size * 2 + small[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _tiffs() -> Iterator[_Made]:
    zeros = zlib.compress(bytes(1_000_000), 9)
    grey = {258: 8, 259: 8, 262: 1, 277: 1}
    tiles = {322: 28_000, 323: 28_000, 324: "pixels", 325: len(zeros)}
    yield (
        "TIFF 1 x 1 with a tile of 28,000 x 28,000",
        lambda: tiff({256: 1, 257: 1} | grey | tiles, zeros),
    )
    strip = {273: "pixels", 278: 9000, 279: len(zeros)}
    yield (
        "TIFF 9000 x 9000 in one strip",
        lambda: tiff({256: 9000, 257: 9000} | grey | strip, zeros),
    )
    many = struct.pack("<I", 8) * 900_000
    yield (
        "TIFF with 900,000 strips",
        lambda: tiff({256: 1, 257: 900_000} | grey | {273: many, 278: 1, 279: many}, zeros),
    )
    yield "TIFF with 2,000 tags of the same 4 MB", lambda: _tiff_of_shared_tags(grey | strip)


def _tiff_of_shared_tags(tags: dict[int, object]) -> bytes:
    shared = {40_000 + tag: bytes(4) for tag in range(2000)}
    data = bytearray(tiff({256: 8, 257: 8} | tags | shared, bytes(4_000_000)))
    for entry in range(10, 10 + 12 * (2 + len(tags) + len(shared)), 12):
        if int.from_bytes(data[entry : entry + 2], "little") >= 40_000:
            data[entry + 2 : entry + 12] = struct.pack("<HII", 7, 3_900_000, 8)
    return bytes(data)


def _others() -> Iterator[_Made]:
    gif = photo_of(16, 16, "GIF", "P")
    frame = gif.index(b"\x2c", 13 + 3 * 2)
    yield "GIF with 600,000 comments", lambda: gif[:frame] + b"!\xfe\1a\0" * 600_000 + gif[frame:]
    yield "GIF 10,900 x 10,900", lambda: photo_of(10_900, 10_900, "GIF", "P")
    runs = b"\xfd" * 790_400  # of 62 pixels each
    yield "QOI 7000 x 7000", lambda: b"qoif" + struct.pack(">IIBB", 7000, 7000, 3, 0) + runs
    yield "PPM of 16 bits 7000 x 7000", lambda: b"P6 7000 7000 65534\n" + bytes(100_000)
    yield "BMP 10,000 x 10,000 packed", lambda: _packed_bmp(10_000)
    yield "PCX 7000 x 7000", lambda: photo_of(7000, 7000, "PCX")
    yield "SGI 7000 x 7000 packed", lambda: _sgi_head(7000) + bytes(1000)
    yield "JPEG 2000 of 65,535 tiles", lambda: jpeg2000(65_535, 1, (1, 1))
    yield "JPEG 2000 8000 x 8000 of blocks of 4 x 4", lambda: jpeg2000(8000, 8000, (8000, 8000), 0)
    yield "JPEG 2000 10,000 x 10,000", lambda: jpeg2000(10_000, 10_000, (10_000, 10_000))
    yield "AVIF 7000 x 7000", lambda: photo_of(7000, 7000, "AVIF", speed=10)
    yield "HEIC 8000 x 4000 of full colours", lambda: photo_of(8000, 4000, "HEIF", chroma=444)
    yield (
        "Photoshop 10,000 x 10,000",
        lambda: b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 10_000, 10_000, 8, 3) + bytes(14),
    )


def _packed_bmp(side: int) -> bytes:
    head = struct.pack("<IHHI", 0, 0, 0, 1078) + struct.pack(
        "<IiiHHIIiiII", 40, side, side, 1, 8, 1, 0, 0, 0, 256, 0
    )
    return b"BM" + head + bytes(1024) + b"\xff\1" * 50_000 + b"\0\1"


def _sgi_head(side: int) -> bytes:
    return struct.pack(">HBBHHHH", 474, 1, 1, 3, side, side, 3) + bytes(500)
