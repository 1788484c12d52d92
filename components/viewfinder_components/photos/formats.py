"""Which format a file is in, by its first bytes: its name is ignored."""

import re

from viewfinder_components.photos.photo_error import PhotoError

JPEG = "JPEG"
PNG = "PNG"
AVIF = "AVIF"
HEIF = "HEIF"
JPEG2000 = "JPEG2000"
WEBP = "WEBP"
HEAD_BYTES = 64
"""How much of a file `detect_format` looks at."""

# Of what Pillow reads: photo formats that can be recognized by their first bytes. Not icons
# (the picture inside may be larger than stated) and not EPS (a program that would have to run).
_READABLE = {
    b"\xff\xd8\xff": JPEG,
    b"\x89PNG\r\n\x1a\n": PNG,
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"\0\0\0\x0cjP  \r\n\x87\n": JPEG2000,
    b"\xff\x4f\xff\x51": JPEG2000,
    b"8BPS\0\1": "PSD",
    b"qoif": "QOI",
    b"\x59\xa6\x6a\x95": "SUN",
}
_READABLE_PATTERNS = {
    re.compile(rb"RIFF....WEBP", re.DOTALL): WEBP,
    # Two letters alone might be the start of a text.
    re.compile(rb"BM....\0\0\0\0", re.DOTALL): "BMP",
    re.compile(rb"P[1-6f]\s+(#|[0-9])"): "PPM",
    re.compile(rb"\x0a[\x00\x02\x03\x05]\x01[\x01\x02\x04\x08]"): "PCX",
    re.compile(rb"\x01\xda[\x00\x01][\x01\x02]"): "SGI",
    re.compile(rb"II[*+]\0|MM\0[*+]"): "TIFF",
}
# Camera makers' raw files that start like a TIFF would be read as their small preview.
_NAMED = {
    b"II*\0\x10\0\0\0CR": "a Canon CR2 raw file",
    b"IIU\0": "a Panasonic raw file",
    b"IIRO": "an Olympus raw file",
    b"FUJIFILMCCD-RAW": "a Fujifilm raw file",
    b"FOVb": "a Sigma raw file",
    b"8BPS\0\2": "a large Photoshop file (PSB)",
    b"gimp xcf": "GIMP",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"%PDF": "PDF",
    b"%!PS": "PostScript",
    b"<svg": "SVG",
    b"P7\n": "PAM",
    b"PF\n": "PFM in colour",
    b"SIMPLE  =": "FITS",
    b"\x76\x2f\x31\x01": "OpenEXR",
    b"#?RADIANCE": "Radiance HDR",
    b"AT&TFORM": "DjVu",
    b"\0\0\1\0": "an icon",
    b"icns": "an icon",
}
# ISO base media files name their brand after `ftyp`: the pictures among them.
_BRANDS = {
    b"heic": HEIF, b"heix": HEIF, b"heim": HEIF, b"heis": HEIF, b"hevc": HEIF, b"hevx": HEIF,
    b"hevm": HEIF, b"hevs": HEIF, b"mif1": HEIF, b"msf1": HEIF, b"avif": AVIF,
}  # fmt: skip
_UNREADABLE_BRANDS = {b"crx ": "a Canon CR3 raw file", b"avis": "an animated AVIF"}


def detect_format(head: bytes) -> str:
    """Determine the format of a picture file.

    Args:
        head: The file's first `HEAD_BYTES` bytes, or all of it if it is shorter.

    Returns:
        Pillow's name of a readable format.

    Raises:
        PhotoError: `empty`, `unsupported_format` (a picture, but not a readable one) or
            `not_a_photo`.
    """
    if not head:
        raise PhotoError("empty", "the file is empty")
    if name := _unreadable_name(head):
        raise PhotoError(
            "unsupported_format", f"the file is {name}, which cannot be read; save it as JPEG"
        )
    if name := _readable_name(head):
        return name
    # Its first bytes are not quoted: a table may name any file, and its index may be widely read.
    raise PhotoError("not_a_photo", "the file is not a picture (its first bytes match no format)")


def _readable_name(head: bytes) -> str | None:
    if head[4:8] == b"ftyp":
        return _media_name(head)
    for pattern, name in _READABLE_PATTERNS.items():
        if pattern.match(head):
            return name
    return next((name for magic, name in _READABLE.items() if head.startswith(magic)), None)


def _media_name(head: bytes) -> str | None:
    name = _BRANDS.get(head[8:12])
    # The general brands only say that it is a picture; the compatible ones say which kind.
    end = min(int.from_bytes(head[:4], "big"), len(head))
    compatible = {head[place : place + 4] for place in range(16, end, 4)}
    return AVIF if name == HEIF and b"avif" in compatible else name


def _unreadable_name(head: bytes) -> str | None:
    if head[4:8] == b"ftyp":
        return _UNREADABLE_BRANDS.get(head[8:12])
    return next((name for magic, name in _NAMED.items() if head.startswith(magic)), None)
