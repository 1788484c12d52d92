"""Labels of a chart's lines and points: they cover neither each other nor what they name."""

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from matplotlib.figure import Figure

from viewfinder_components.reports.chart_labels import Label, label_points, spread_apart


def test_labels_are_moved_apart_and_no_farther_than_needed() -> None:
    assert spread_apart([0, 50, 100], 10) == [0, 50, 100]
    assert spread_apart([0, 0, 0], 10) == [-10, 0, 10]
    assert spread_apart([0, 1, 50], 10) == [-4.5, 5.5, 50]
    moved = spread_apart([0, 4, 9, 13, 90], 10)
    assert min(b - a for a, b in itertools.pairwise(moved)) >= 10 - 1e-9
    assert spread_apart([], 10) == []


CLOSE = [(0.0, 16.0), (0.0, 17.0), (0.0, 27.0), (0.5, 28.0), (42.0, 22.0), (49.0, 23.0)]
EDGES = [(0.0, 0.0), (100.0, 0.0), (0.0, 40.0), (100.0, 40.0)]


@pytest.mark.parametrize("places", [CLOSE, EDGES], ids=["close", "edges"])
def test_labels_of_points_cover_no_other_and_stay_within(
    places: Sequence[tuple[float, float]],
) -> None:
    axes = _draw([])
    label_points(axes, [Label(x, y, f"a server at {x:g}", "#000000") for x, y in places])
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    points = axes.transData.transform(places)
    assert not any(box.contains(x, y) for box in boxes for x, y in points)
    outer = axes.bbox
    assert all(outer.x0 <= box.x0 and box.x1 <= outer.x1 for box in boxes)
    assert all(outer.y0 <= box.y0 and box.y1 <= outer.y1 for box in boxes)


def test_a_label_of_a_point_covers_no_line() -> None:
    level, rising = ([0, 100], [20, 20]), ([0, 100], [0, 40])
    axes = _draw([level, rising])
    label_points(axes, [Label(50, 20, "break-even", "#000000")])
    (box,) = [text.get_window_extent() for text in axes.texts]
    for x, y in (level, rising):
        for step in range(1001):
            at = [start + (end - start) * step / 1000 for start, end in (x, y)]
            assert not box.contains(*axes.transData.transform(at))


def _draw(lines: Sequence[tuple[list[int], list[int]]]) -> Any:
    axes = Figure(figsize=(10.2, 5.2), layout="constrained").add_subplot()
    axes.set(xlim=(0, 100), ylim=(0, 40))
    for x, y in lines:
        axes.plot(x, y)
    return axes
