"""Refuse a HEIC or an AVIF that unpacks to much more than it states.

The file states its size in a property, but decoders trust the streams inside: a few kilobytes
that claim 8 x 8 may unpack to hundreds of megapixels that are scaled down afterwards. Or a grid
may repeat one small picture ten thousand times. So the sizes stated in the streams, times how often
they are used, are added up before anything is decoded.
"""

from collections.abc import Callable

from viewfinder_components.photos.formats import AVIF, HEIF
from viewfinder_components.photos.photo_error import PhotoError
from viewfinder_components.photos.pictures.av1 import av1_pixels
from viewfinder_components.photos.pictures.hevc import HevcFrame, parameter_sets, read_hevc
from viewfinder_components.photos.pictures.iso_boxes import (
    read_items,
    read_properties,
    read_references,
)

_SPARE_PIXELS = 4_000_000
_SPARE_FACTOR = 4  # transparency, a gain map, a thumbnail, and tiles that extend past the edge
_LEAST_PIXELS = 1 << 14  # the time a stream's decoder takes to start, in pixels
_MADE_OF, _DESCRIBES = b"dimg", b"cdsc"
_DEEPEST = 4  # a grid, turned or laid over another

Pixels = Callable[[int, bytes], int]
"""Returns how many pixels the item of a given number unpacks to."""


def coded_avif_pixels(data: bytes) -> int:
    """Return how many pixels an AVIF unpacks to.

    Raises:
        PhotoError: Its boxes are damaged, or their contents are reused so often that the file can
            only be meant to fill memory.
    """
    try:
        return _all_pixels(data, lambda _, item: av1_pixels(item))
    except (IndexError, ValueError) as error:
        raise _cut_short(AVIF) from error


def coded_heif_pixels(data: bytes) -> HevcFrame:
    """Return what a HEIC unpacks to.

    Raises:
        PhotoError: As for `coded_avif_pixels`.
    """
    parts: list[HevcFrame] = []

    def pixels(number: int, item: bytes) -> int:
        found = read_hevc(item, [one for box in boxes.get(number, ()) for one in sets[box]])
        parts.append(found)
        return found.pixels

    try:
        boxes = read_properties(data, b"hvcC")
        sets = {box: list(parameter_sets(box)) for found in boxes.values() for box in found}
        coded = _all_pixels(data, pixels)
    except (IndexError, ValueError) as error:
        raise _cut_short(HEIF) from error
    is_deep = any(part.is_deep for part in parts)
    return HevcFrame(coded, is_deep, any(part.has_full_colours for part in parts))


def refuse_hidden_pixels(name: str, coded: int, width: int, height: int) -> None:
    """Refuse a picture that unpacks to much more than it states.

    Args:
        name: The format.
        coded: Pixels that it unpacks to.
        width: Pixels across, as stated in the file.
        height: Pixels down, as stated in the file.

    Raises:
        PhotoError: It does.
    """
    if coded > _SPARE_FACTOR * width * height + _SPARE_PIXELS:
        raise PhotoError(
            "broken",
            f"the {name} is damaged (it unpacks to {coded:,} pixels but states {width} x {height})",
        )


def _cut_short(name: str) -> PhotoError:
    return PhotoError("broken", f"the {name} is damaged (its boxes are truncated)")


def _all_pixels(data: bytes, pixels: Pixels) -> int:
    costs, sizes = {}, {}
    for number, item in read_items(data):
        sizes[number] = len(item)
        if coded := pixels(number, item):
            costs[number] = max(coded, _LEAST_PIXELS)
    made, described = {}, 0
    for kind, source, targets in read_references(data):
        if kind == _MADE_OF:
            made[source] = targets
        elif kind == _DESCRIBES:  # each described item gets a copy
            described += sizes.get(source, 0) * len(targets)
    if described > 2 * len(data):
        raise ValueError
    uses = _Uses(made, costs)
    return sum(costs.values()) + sum(uses.cost(number) for number in made)


class _Uses:
    """The cost of items that are composed of others."""

    def __init__(self, made: dict[int, tuple[int, ...]], costs: dict[int, int]) -> None:
        self._made = made
        self._known = {number: cost for number, cost in costs.items() if number not in made}

    def cost(self, number: int, levels: int = _DEEPEST) -> int:
        if number not in self._known:
            if levels == 0:
                raise ValueError
            targets = self._made.get(number, ())
            self._known[number] = sum(self.cost(target, levels - 1) for target in targets)
        return self._known[number]
