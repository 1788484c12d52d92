"""How many pixels an AV1 stream unpacks to, from its own header.

Source: AV1 Bitstream Specification 5.3 to 5.5.
"""

from viewfinder_components.photos.pictures.bits import Bits

_SEQUENCE_HEADER = 1
_MOST_UNITS = 1000  # in a stream; a photo's has only a few


def av1_pixels(stream: bytes) -> int:
    """Return the largest frame that a stream may contain; 0 if it is not AV1.

    Raises:
        ValueError: It has more parts than any photo.
    """
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
    return len(stream), place  # no such number: the rest is not AV1


def _frame_pixels(header: bytes) -> int:
    """Read a sequence header up to the largest frame's width and height."""
    bits = Bits(header[:256])
    bits.take(4)  # profile, still picture
    if bits.take(1):  # the short form for still pictures
        bits.take(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    return (bits.take(width_bits) + 1) * (bits.take(height_bits) + 1)


def _skip_operating_points(bits: Bits) -> None:
    delay_bits = 0
    if bits.take(1):  # timing
        bits.take(64)
        if bits.take(1):
            bits.take_exp_golomb()
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
