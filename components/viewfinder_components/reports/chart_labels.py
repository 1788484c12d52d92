"""Labels beside the points of a chart and the ends of its lines, where they cover nothing."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib import rcParams
from matplotlib.transforms import Bbox

from viewfinder_components.printable import make_printable

_GAP = 8  # points, between a label and what it names
_MARKER = 5  # points: half of the square around a point that no label may cover
_LINE = 1.25  # the height of a line of text, as a multiple of its font size
# Where a point's label may stand, the best place first: steps to the right and up.
_PLACES = (
    *((1, 0), (-1, 0), (0, -1), (0, 1)),
    *((1, -1), (1, 1), (-1, -1), (-1, 1)),
    *((1, -2), (1, 2), (-1, -2), (-1, 2)),
)
_HORIZONTAL = {1: "left", 0: "center", -1: "right"}
_VERTICAL = {1: "bottom", 0: "center", -1: "top"}


class Label(NamedTuple):
    """A text, and the place in the chart that it names."""

    x: float
    y: float
    text: str
    colour: str


def label_points(axes: Any, labels: Sequence[Label]) -> None:
    """Write each text beside its point, where it covers no other text, no other point and no line.

    Where there is no such place, the text stands to the right of its point.

    Args:
        axes: matplotlib's, whose limits are final.
        labels: The points.
    """
    axes.figure.draw_without_rendering()  # the layout is known after that
    taken = [_find_marker(axes, label) for label in labels]
    for label in labels:
        taken.append(_place(axes, label, taken))


def label_ends(axes: Any, labels: Sequence[Label]) -> None:
    """Write texts to the right of the ends of lines, at least a line of text apart.

    Args:
        axes: matplotlib's, whose limits are final.
        labels: The ends of the lines.
    """
    axes.figure.draw_without_rendering()
    room = _LINE * rcParams["font.size"] * axes.figure.dpi / 72
    ends = sorted(labels, key=lambda label: _to_pixels(axes, label)[1])
    heights = [_to_pixels(axes, label)[1] for label in ends]
    for label, height, wanted in zip(ends, heights, spread_apart(heights, room), strict=True):
        text = _write(axes, label)
        text.xyann = (_GAP, (wanted - height) * 72 / axes.figure.dpi)


def spread_apart(heights: Sequence[float], room: float) -> list[float]:
    """Return heights that are at least `room` apart, with groups of close ones around their middle.

    Args:
        heights: In rising order.
        room: The least distance between two.
    """
    groups: list[list[float]] = []  # each: the middle of its members' own heights, and their number
    for height in heights:
        groups.append([height, 1])
        while len(groups) > 1 and _overlap(groups[-2], groups[-1], room):
            (above, more), (below, many) = groups.pop(), groups.pop()
            groups.append([(above * more + below * many) / (more + many), more + many])
    return [
        middle + (number - (count - 1) / 2) * room
        for middle, count in groups
        for number in range(int(count))
    ]


def _overlap(below: Sequence[float], above: Sequence[float], room: float) -> bool:
    return above[0] - below[0] < room * (below[1] + above[1]) / 2


def _place(axes: Any, label: Label, taken: Sequence[Bbox]) -> Bbox:
    """Write a text at the first place that is free; return what it covers."""
    text = _write(axes, label)
    text.set_in_layout(False)  # it stays within the axes, which must not move any more
    text.set_fontweight("bold")
    for right, up in (*_PLACES, _PLACES[0]):
        text.xyann = (right * _GAP, up * _GAP)
        text.set_ha(_HORIZONTAL[right])
        text.set_va(_VERTICAL[max(-1, min(up, 1))])
        box: Bbox = text.get_window_extent()
        if _is_free(axes, box, taken):
            return box
    return box


def _is_free(axes: Any, box: Bbox, taken: Sequence[Bbox]) -> bool:
    if not _holds(axes.bbox, box) or any(one.overlaps(box) for one in taken):
        return False
    paths = (line.get_path().transformed(line.get_transform()) for line in axes.lines)
    return not any(path.intersects_bbox(box, filled=False) for path in paths)


def _write(axes: Any, label: Label) -> Any:
    return axes.annotate(
        make_printable(label.text),
        (label.x, label.y),
        xytext=(_GAP, 0),
        textcoords="offset points",
        va="center",
        color=label.colour,
        parse_math=False,
        annotation_clip=False,
    )


def _holds(outer: Bbox, inner: Bbox) -> bool:
    return bool(
        outer.x0 <= inner.x0
        and inner.x1 <= outer.x1
        and outer.y0 <= inner.y0
        and inner.y1 <= outer.y1
    )


def _find_marker(axes: Any, label: Label) -> Bbox:
    x, y = _to_pixels(axes, label)
    half = _MARKER * axes.figure.dpi / 72
    return Bbox.from_extents(x - half, y - half, x + half, y + half)


def _to_pixels(axes: Any, label: Label) -> tuple[float, float]:
    x, y = axes.transData.transform((label.x, label.y))
    return float(x), float(y)
