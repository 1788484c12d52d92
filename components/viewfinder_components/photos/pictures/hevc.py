"""How many pixels an HEVC picture unpacks to, from its own headers.

Source: ITU-T H.265, 7.3 (parameter sets, profile and level), ISO/IEC 14496-15, 8.3.3 (`hvcC`).
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from viewfinder_components.photos.pictures.bits import Bits
from viewfinder_components.photos.pictures.iso_boxes import number_at

_PARAMETER_SET = 33
_LAST_PICTURE_KIND = 31
_HEADER_BYTES = 256  # of a parameter set: its width and height are at the start
_QUARTER_COLOURS, _FULL_COLOURS = 1, 3  # 4:2:0, 4:4:4
_GENERAL_BITS, _LEVEL_BITS = 88, 8
_MOST_UNITS = 10_000  # in an item; a photo's has only a few, one per slice


class HevcFrame(NamedTuple):
    """A parameter set's description of one picture, or the totals over all pictures of an item."""

    pixels: int
    is_deep: bool
    """Whether there are more than 8 bits per sample."""
    has_full_colours: bool
    """Whether chroma has more than a quarter of the samples; phones' photos do not."""


def parameter_sets(configuration: bytes) -> Iterator[HevcFrame]:
    """Yield the contents of the sequence parameter sets of an `hvcC` property.

    Raises:
        IndexError: It is truncated.
    """
    place = 23
    for _ in range(number_at(configuration, 22, 1)):
        count, place = number_at(configuration, place + 1, 2), place + 3
        for _ in range(count):
            size, place = number_at(configuration, place, 2), place + 2
            unit, place = configuration[place : place + size], place + size
            if unit and unit[0] >> 1 & 63 == _PARAMETER_SET:
                yield _read_frame(unit)


def read_hevc(item: bytes, sets: Iterable[HevcFrame]) -> HevcFrame:
    """Return what all pictures of an item unpack to: no pixels if it is not HEVC.

    Args:
        item: Units, each after its length of 4 bytes.
        sets: The file's other parameter sets.

    Raises:
        ValueError: It has more parts than any photo.
    """
    frames, pictures, place, units = list(sets), 0, 0, 0
    while place + 7 <= len(item):
        size, kind = number_at(item, place, 4), item[place + 4] >> 1 & 63
        units += 1
        if units > _MOST_UNITS:
            raise ValueError
        if kind == _PARAMETER_SET:
            frames.append(_read_frame(item[place + 4 : place + 4 + size]))
        pictures += kind <= _LAST_PICTURE_KIND and item[place + 6] >> 7  # its first slice
        place += 4 + size
    largest = max((frame.pixels for frame in frames), default=0)
    is_deep = any(frame.is_deep for frame in frames)
    return HevcFrame(pictures * largest, is_deep, any(f.has_full_colours for f in frames))


def _read_frame(unit: bytes) -> HevcFrame:
    bits = Bits(unit[2:_HEADER_BYTES].replace(b"\0\0\3", b"\0\0"))
    bits.take(4)
    layers = bits.take(3)
    bits.take(1 + _GENERAL_BITS + _LEVEL_BITS)
    present = [(bits.take(1), bits.take(1)) for _ in range(8 if layers else 0)][:layers]
    for has_profile, has_level in present:
        bits.take(_GENERAL_BITS * has_profile + _LEVEL_BITS * has_level)
    bits.take_exp_golomb()
    colours = bits.take_exp_golomb()
    if colours == _FULL_COLOURS:
        bits.take(1)
    pixels = bits.take_exp_golomb() * bits.take_exp_golomb()
    for _ in range(4 if bits.take(1) else 0):  # only a window of it is shown
        bits.take_exp_golomb()
    more_bits = bits.take_exp_golomb(), bits.take_exp_golomb()
    return HevcFrame(pixels, more_bits != (0, 0), colours > _QUARTER_COLOURS)
