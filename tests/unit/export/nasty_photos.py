"""JPEG and PNG files with everything that goes wrong in them, made from small pictures."""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
Chunk = tuple[bytes, bytes] | tuple[bytes, bytes, int]
"""Name, content and, where it is to be wrong, the checksum."""
_ANCILLARY = "tEXt iTXt zTXt gAMA pHYs tIME eXIf cHRM sRGB sBIT bKGD hIST acTL fcTL cICP abCd"
_NAME_BYTES = np.frombuffer(b"tRNSPLTEIDATabXY", np.uint8)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def soft(width: int = 60, height: int = 40, mode: str = "RGB") -> Image.Image:
    noise = np.random.default_rng(7).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)
    return picture.convert(mode)


def chunks(png: bytes) -> list[Chunk]:
    found: list[Chunk] = []
    place = len(SIGNATURE)
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        found.append((png[place + 4 : place + 8], png[place + 8 : place + 8 + length]))
        place += 12 + length
    return found


def png_of(parts: list[Chunk]) -> bytes:
    return SIGNATURE + b"".join(_chunk(*part) for part in parts)


def _chunk(name: bytes, body: bytes, checksum: int | None = None) -> bytes:
    right = zlib.crc32(name + body)
    end = struct.pack(">I", right if checksum is None else checksum)
    return struct.pack(">I", len(body)) + name + body + end


def _with(png: bytes, *new: Chunk, before: bytes = b"IDAT") -> bytes:
    parts = chunks(png)
    place = [part[0] for part in parts].index(before)
    return png_of([*parts[:place], *new, *parts[place:]])


def _spoilt(png: bytes, name: bytes, body: bytes | None = None) -> bytes:
    """Return a PNG with a wrong checksum, or another content, in the chunks of a name."""
    return png_of(
        [
            part if part[0] != name else (name, part[1], 7) if body is None else (name, body)
            for part in chunks(png)
        ]
    )


def _metadata() -> Iterator[tuple[str, bytes]]:
    """What lies beside the pixels of a good PNG and must not matter."""
    png = saved(soft(), "PNG")
    large = zlib.compress(b"x" * 3_000_000)
    yield "large text", _with(png, (b"iTXt", b"k\0\1\0\0\0" + large))
    yield "large old text", _with(png, (b"zTXt", b"k\0\0" + large))
    yield "many texts", _with(png, *[(b"tEXt", b"k\0" + b"x" * 900_000)] * 75)
    yield "large profile", _with(png, (b"iCCP", b"k\0\0" + large))
    for what, body in {"broken": b"k\0\0junk", "unnamed": b"kkkk", "empty": b""}.items():
        yield f"{what} profile", _with(png, (b"iCCP", body))
    for text in _ANCILLARY.split():
        name = text.encode()
        yield f"wrong checksum of {text}", _with(png, (name, b"12345678", 7))
        yield f"short {text}", _with(png, (name, b"1"))
        yield f"empty {text}", _with(png, (name, b""))
    yield "wrong checksum of a text at the end", _with(png, (b"tEXt", b"k\0v", 7), before=b"IEND")
    yield "bytes after the end", png + b"tail" * 100
    frames = {"save_all": True, "append_images": [soft(mode="L").convert("RGB")]}
    yield "animation", saved(soft(), "PNG", **frames)
    yield "animation with a still of its own", saved(soft(), "PNG", default_image=True, **frames)


def _critical() -> Iterator[tuple[str, bytes]]:
    """Damage to what the picture is made of."""
    png, palette = saved(soft(), "PNG"), saved(soft().quantize(16), "PNG")
    parts, colours = chunks(png), chunks(palette)
    for name in (b"IHDR", b"IDAT", b"IEND"):
        yield f"wrong checksum of {name.decode()}", _spoilt(png, name)
    yield "wrong checksum of PLTE", _spoilt(palette, b"PLTE")
    yield "unknown chunk that is needed", _with(png, (b"ABCD", b"123"))
    yield "made for an iPhone", png_of([(b"CgBI", b"1234"), *parts])
    yield "text before the header", png_of([(b"tEXt", b"k\0v"), *parts])
    yield "two headers", _with(png, parts[0])
    yield "long header", _spoilt(png, b"IHDR", parts[0][1] + b"x")
    for cut in (4, 6, 12, 60, len(png) - 20, len(png) - 8):
        yield f"{cut} bytes short", png[:-cut]
    yield "length beyond the end", png[:33] + b"\xff\xff\xff\xff" + png[37:]
    yield "no palette", png_of([part for part in colours if part[0] != b"PLTE"])
    order = [b"IHDR", b"IDAT", b"PLTE", b"IEND"]
    yield "late palette", png_of(sorted(colours, key=lambda part: order.index(part[0])))
    yield "two palettes", _with(palette, (b"PLTE", bytes(48)))
    for length in (6, 47, 48 + 900):
        yield f"palette of {length} bytes", _spoilt(palette, b"PLTE", bytes(length))
    yield "palette beside colours", _with(png, (b"PLTE", bytes(48)))
    yield "palette beside greys", _with(saved(soft(mode="L"), "PNG"), (b"PLTE", bytes(48)))
    header = struct.unpack(">IIBBBBB", parts[0][1])
    for place, value in ((0, 0), (0, 1 << 31), (2, 3), (3, 5), (4, 1), (5, 1), (6, 1), (6, 2)):
        changed = [*header[:place], value, *header[place + 1 :]]
        body = struct.pack(">IIBBBBB", *changed)
        yield f"header with {value} at {place}", _spoilt(png, b"IHDR", body)


def _transparency() -> Iterator[tuple[str, bytes]]:
    png, palette = saved(soft(), "PNG"), saved(soft().quantize(16), "PNG")
    colour = struct.pack(">HHH", *(int(value) for value in np.asarray(soft())[5, 5]))
    some, all_opaque = (b"tRNS", bytes(10)), (b"tRNS", bytes([255] * 4))
    yield "one colour clear", _with(png, (b"tRNS", colour))
    yield "one colour clear, wrong checksum", _with(png, (b"tRNS", colour, 7))
    yield "clear colour of a wrong length", _with(png, (b"tRNS", b"123"))
    yield "no clear colour", _with(png, (b"tRNS", b""))
    yield "clear palette", _with(palette, some)
    yield "clear palette, too long", _with(palette, (b"tRNS", bytes(range(100))))
    yield "clear palette, wrong checksum", _with(palette, (*some, 7))
    yield "clear palette before the palette", _with(palette, some, before=b"PLTE")
    yield "clear palette after the pixels", _with(palette, some, before=b"IEND")
    yield "clear palette twice", _with(palette, all_opaque, some)
    yield "clear colour beside alpha", _with(saved(soft(mode="RGBA"), "PNG"), (b"tRNS", bytes(6)))
    yield "clear black of two", _with(saved(soft(mode="1"), "PNG"), (b"tRNS", b"\0\1"))


def _pixel_streams() -> Iterator[tuple[str, bytes]]:
    header, *_ = chunks(saved(soft(), "PNG"))
    rows = zlib.decompress(b"".join(p[1] for p in chunks(saved(soft(), "PNG")) if p[0] == b"IDAT"))
    whole = zlib.compress(rows)
    streams = {
        "in pieces": [whole[start : start + 7] for start in range(0, len(whole), 7)],
        "in pieces, some empty": [b"", whole[:9], b"", whole[9:], b""],
        "none": [],
        "with bytes after it": [whole + b"junk" * 10],
        "with a wrong checksum": [whole[:-1] + bytes([whole[-1] ^ 255])],
        "without its checksum": [whole[:-4]],
        "of too many rows": [zlib.compress(rows + rows[:500])],
        "of half the rows": [zlib.compress(rows[: len(rows) // 2])],
        "one byte short": [zlib.compress(rows[:-1])],
        "with an unknown filter": [zlib.compress(b"\x09" + rows[1:])],
        "that declares a small window": [b"\x08\x1d" + whole[2:]],
    }
    end: Chunk = (b"IEND", b"")
    for name, parts in streams.items():
        yield f"pixels {name}", png_of([header, *((b"IDAT", part) for part in parts), end])
    torn: list[Chunk] = [(b"IDAT", whole[:9]), (b"tEXt", b"k\0v"), (b"IDAT", whole[9:])]
    yield "text between the pixels", png_of([header, *torn, end])


def _segment(marker: int, body: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def _jpegs(jpeg: bytes) -> Iterator[tuple[str, bytes]]:
    start, rest = jpeg[:2], jpeg[2:]
    yield "whole", jpeg
    yield "bytes after the end", jpeg + b"x" * 100
    segments = {
        "pictures": (0xE2, b"MPF\0II*\0\xff\xff\xff\xff"),
        "EXIF": (0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff"),
        "profile": (0xE2, b"ICC_PROFILE\0\x01"),
        "JFIF": (0xE0, b"J"),
        "Photoshop segment": (0xED, b"Photoshop 3.0\x008BIM\xff"),
    }
    for name, (marker, body) in segments.items():
        yield f"broken {name}", start + _segment(marker, body) + rest
    yield "long comment", start + _segment(0xFE, b"x" * 60_000) + rest
    yield "segment of no length", start + b"\xff\xe5\0\0" + rest
    yield "segment beyond the end", start + b"\xff\xe5\xff\xff" + rest
    for cut in (1, 2, 300, len(jpeg) - 100):
        yield f"{cut} bytes short", jpeg[:-cut]
    for filling in (b"\0", b"\xff", b"\1"):
        yield f"padded with {filling[0]}", jpeg[:-2] + filling * 50 + jpeg[-2:]
    yield "zeros among the data", jpeg[:-200] + bytes(150) + jpeg[-50:]
    yield "stray markers", jpeg[:-400] + b"\xff\xd3\xff\xd4\xff\xd5\xff\xc4\0\0" + jpeg[-390:]
    frame = max(jpeg.find(b"\xff\xc0"), jpeg.find(b"\xff\xc2"))
    yield "no rows", jpeg[: frame + 5] + b"\0\0" + jpeg[frame + 7 :]
    yield "12 bits", jpeg[: frame + 4] + b"\x0c" + jpeg[frame + 5 :]
    for kind in (0xC3, 0xC9):
        yield f"frame {kind:x}", jpeg[: frame + 1] + bytes([kind]) + jpeg[frame + 2 :]
    yield "no quantisation", jpeg.replace(b"\xff\xdb", b"\xff\xec")


def nasty_photos() -> dict[str, bytes]:
    """Return the files by what is wrong with them."""
    found = {}
    for group in (_metadata, _critical, _transparency, _pixel_streams):
        found |= {f"png: {name}": content for name, content in group()}
    plain = soft(300, 200)
    cmyk = saved(plain.convert("CMYK"), "JPEG")
    kinds = {
        "jpeg": saved(plain, "JPEG"),
        "progressive jpeg": saved(plain, "JPEG", progressive=True),
        "cmyk jpeg": cmyk,
        "cmyk jpeg, not Adobe's": cmyk.replace(b"\xff\xee\0\x0eAdobe", b"\xff\xec\0\x0eAdobe"),
        "ycck jpeg": cmyk.replace(b"Adobe\0\x64\0\0\0\0\0", b"Adobe\0\x64\0\0\0\0\2"),
    }
    for kind, jpeg in kinds.items():
        found |= {f"{kind}: {name}": content for name, content in _jpegs(jpeg)}
    return found


def damaged_at_random(seed: int) -> dict[str, bytes]:
    """Return a few files with other bytes, cut off, and with chunks that are moved or changed."""
    random = np.random.default_rng(seed)
    small, palette = soft(100, 60), soft(100, 60).quantize(16)
    bases = {
        "png": saved(small, "PNG"),
        "palette": saved(palette, "PNG", transparency=bytes(range(16))),
        "jpeg": saved(small, "JPEG"),
        "restarts": saved(small, "JPEG", restart_marker_rows=1),
        "progressive": saved(small, "JPEG", progressive=True),
        "cmyk": saved(small.convert("CMYK"), "JPEG"),
    }
    found = {}
    for name, base in bases.items():
        content = bytearray(base)
        for _ in range(random.choice([1, 2, 8])):
            content[random.integers(3, len(content))] = random.integers(256)
        if random.random() < 0.15:
            del content[random.integers(4, len(content)) :]
        found[f"{name} {seed}"] = bytes(content)
    for name in ("png", "palette"):
        found[f"{name} chunks {seed}"] = png_of(_shuffled(chunks(bases[name]), random))
    return found


def _shuffled(parts: list[Chunk], random: np.random.Generator) -> list[Chunk]:
    first, second = (int(place) for place in random.integers(1, len(parts), 2))
    match random.integers(4):
        case 0:
            parts[first], parts[second] = parts[second], parts[first]
        case 1:
            parts.insert(first, parts[second])
        case 2:
            del parts[first]
        case _:
            name = bytes(random.choice(_NAME_BYTES, 4))
            parts.insert(first, (name, bytes(random.integers(0, 256, 9, dtype=np.uint8))))
    return parts
