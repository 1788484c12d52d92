"""How large a photo's file can be: a larger one is not read into memory to find that out."""

from viewfinder_components.photos.formats import HEAD_BYTES, JPEG, PNG, detect_format
from viewfinder_components.photos.photo_error import PhotoError
from viewfinder_components.photos.pictures.jpeg_frame import read_frame

MAX_BYTES_PER_PIXEL = 8
"""An uncompressed picture with 16 bits in each of 4 channels."""
_LARGE_BYTES = 1 << 20  # from this size on, a video or an archive is not read to the end
# For what is beside the pixels: colour profiles, previews, the short videos of phones.
_OTHER_BYTES = 32 << 20
_HEADER_BYTES = 4 << 20  # previews and profiles may precede a JPEG's dimensions


def count_first_bytes(size: int) -> int:
    """Return how many bytes of a file are to be read, and checked, before the rest.

    Args:
        size: How many bytes the file has.

    Returns:
        0 if the file may be read at once.
    """
    if size < _LARGE_BYTES:
        return 0
    return HEAD_BYTES if size <= _OTHER_BYTES else _HEADER_BYTES


def need_plausible(head: bytes, size: int) -> None:
    """Refuse a file that is not a photo, or is much larger than the photo that it begins with.

    Args:
        head: Its first bytes, as many as `count_first_bytes` says.
        size: How many bytes the file has.

    Raises:
        PhotoError: `too_large`, `unsupported_format` or `not_a_photo`.
    """
    name = detect_format(head[:HEAD_BYTES])
    if size <= _OTHER_BYTES or (found := _read_dimensions(name, head)) is None:
        return
    width, height = found
    largest = MAX_BYTES_PER_PIXEL * width * height + _OTHER_BYTES
    if size > largest:
        raise PhotoError(
            "too_large",
            f"the file has {size:,} bytes, but a {name} of {width:,} x {height:,} pixels has at "
            f"most {largest:,}",
        )


def _read_dimensions(name: str, head: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels; None for formats with pages, or if they come later."""
    if name == PNG:
        return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    if name == JPEG and (frame := read_frame(head)) is not None:
        return frame.width, frame.height
    return None
