"""Which format a file is in, by its first bytes: a name never decides."""

from viewfinder_components.photos.photo_error import PhotoError

JPEG = "JPEG"
HEAD_BYTES = 32
"""How much of a file `detect_format` looks at."""

_READABLE = {
    b"\xff\xd8\xff": JPEG,
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
}
_NAMED = {
    b"8BPS": "Photoshop",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"%PDF": "PDF",
    b"<svg": "SVG",
}
# ISO base media files name their brand after `ftyp`: the pictures among them.
_BRANDS = {
    b"heic": "HEIC", b"heix": "HEIC", b"heim": "HEIC", b"heis": "HEIC", b"hevc": "HEIC",
    b"mif1": "HEIF", b"msf1": "HEIF", b"avif": "AVIF", b"avis": "AVIF", b"crx ": "Canon CR3",
}  # fmt: skip


def detect_format(head: bytes) -> str:
    """Tell the format of a picture file.

    Args:
        head: The file's first `HEAD_BYTES` bytes, or all of it where it is shorter.

    Returns:
        Pillow's name of a format that can be read.

    Raises:
        PhotoError: `empty`, `unsupported_format` (a picture, but none that can be read) or
            `not_a_photo`.
    """
    if not head:
        raise PhotoError("empty", "the file is empty")
    if name := _readable_name(head):
        return name
    if name := _unreadable_name(head):
        raise PhotoError(
            "unsupported_format", f"the file is {name}, which cannot be read; save it as JPEG"
        )
    raise PhotoError("not_a_photo", f"the file is no picture (it begins with {head[:8]!r})")


def _readable_name(head: bytes) -> str | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:2] == b"BM" and head[6:10] == bytes(4):  # two letters alone might begin a text
        return "BMP"
    return next((name for magic, name in _READABLE.items() if head.startswith(magic)), None)


def _unreadable_name(head: bytes) -> str | None:
    if head[4:8] == b"ftyp" and head[8:12] in _BRANDS:
        return _BRANDS[head[8:12]]
    return next((name for magic, name in _NAMED.items() if head.startswith(magic)), None)
