"""Read the size of a WebP, whose decoder allocates memory for it when opening it.

Source: RFC 9649, 2.5 to 2.7 and 3.4.
"""

from viewfinder_components.photos.photo_error import PhotoError

_MOST_CHUNKS = 10_000  # an animation has one or two a frame


def read_webp_size(data: bytes) -> tuple[int, int]:
    """Return pixels across and down, the largest stated by any part of the file.

    Raises:
        PhotoError: No part states a size, or there are more parts than in any photo.
    """
    width = height = count = 0
    place = 12
    while place + 8 <= len(data):
        count += 1
        name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        across, down = _size(name, data[place + 8 : place + 24])
        width, height = max(width, across), max(height, down)
        place += 8 + size + size % 2
        if count > _MOST_CHUNKS:
            raise PhotoError("too_large", f"the WEBP has more than {_MOST_CHUNKS:,} parts")
    if not width or not height:
        raise PhotoError("broken", "the WEBP header is damaged (it states no size)")
    return width, height


def _size(name: bytes, body: bytes) -> tuple[int, int]:
    if name == b"VP8X":
        return 1 + _number(body, 4, 3), 1 + _number(body, 7, 3)
    if name == b"VP8L":
        packed = _number(body, 1, 4)
        return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    if name == b"VP8 ":
        return _number(body, 6, 2) & 0x3FFF, _number(body, 8, 2) & 0x3FFF
    if name == b"ANMF":
        return 1 + _number(body, 6, 3), 1 + _number(body, 9, 3)
    return 0, 0


def _number(body: bytes, place: int, size: int) -> int:
    return int.from_bytes(body[place : place + size], "little")
