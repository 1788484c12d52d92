"""Extract the first frame of a GIF.

Pillow keeps every comment before it, and joins them again for each one.

Source: GIF89a specification, 17 to 26.
"""

from viewfinder_components.photos.photo_error import PhotoError

_EXTENSION = 0x21
_CONTROL = 0xF9  # contains the transparency; it belongs to the frame that follows
_MOST_BLOCKS = 100_000


def first_frame(data: bytes) -> bytes:
    """Return a GIF without the unrelated blocks before its first frame.

    Raises:
        PhotoError: There are more of them than in any photo.
    """
    place = 13 + _colours(data, 10)
    head, control = data[:place], b""
    left = _MOST_BLOCKS
    while data[place : place + 1] == bytes([_EXTENSION]):
        start, place = place, place + 2
        while size := int.from_bytes(data[place : place + 1], "big"):
            place += 1 + size
            left -= 1
        place += 1
        left -= 1
        if left < 0:
            raise PhotoError("too_large", f"the GIF has more than {_MOST_BLOCKS:,} blocks")
        if data[start + 1 : start + 2] == bytes([_CONTROL]):
            control = data[start:place]
    return head + control + data[place:]


def _colours(data: bytes, place: int) -> int:
    """Return the size in bytes of the colour table announced by the flags at a place."""
    flags = int.from_bytes(data[place : place + 1], "big")
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
