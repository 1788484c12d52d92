"""A measure's statistic over time, drawn."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from markupsafe import Markup

from viewfinder_pipelines.drift.findings import Drift, DriftPoint, MeasureDrift
from viewfinder_pipelines.drift.svg import (
    LEFT,
    PLOT_WIDTH,
    RIGHT,
    TOP,
    WIDTH,
    draw_grid,
    draw_line,
    wrap,
    write_text,
)

_HEIGHT = 90
_BOTTOM = TOP + _HEIGHT
_ABOVE = 1.08  # the axis, as a multiple of the highest point
_GAP = 1.6  # steps: a longer time without photos interrupts the line
_DAYS = timedelta(days=2)  # a longer window has dates below its axis
_MINUTES = timedelta(minutes=10)  # a shorter one has seconds
_Place = tuple[float, float]


def draw_timeline(drift: Drift, measure: MeasureDrift) -> Markup | None:
    """Draw the statistic as a multiple of the limit; None if there is no timeline.

    Args:
        drift: All findings, which know the window.
        measure: One of them.
    """
    if drift.start is None or drift.step is None or not measure.timeline:
        return None
    values = [point.statistic / measure.limit for point in measure.timeline]
    most = max(*values, 1.0)
    height = _HEIGHT / (most * _ABOVE)
    limit = _BOTTOM - height
    places = [
        (_find_x(drift.start, drift.end, point.time), _BOTTOM - value * height)
        for point, value in zip(measure.timeline, values, strict=True)
    ]
    parts = [
        *draw_grid((0, most) if most > 1 else (0,), most * _ABOVE, _HEIGHT, "{:.3g}".format),
        draw_line((LEFT, limit), (WIDTH - RIGHT, limit), "limit"),
        write_text(LEFT + 3, limit - 4, "limit", "start", "limit-text"),
        *_draw_points(measure.timeline, places, drift.step),
        *_write_times(drift.start, drift.end),
    ]
    label = f"{measure.title}: statistic over time, at most {max(values):.3g} times its limit"
    return wrap(parts, _HEIGHT, label)


def _find_x(start: datetime, end: datetime, time: datetime) -> float:
    share = (time - start) / max(end - start, timedelta(seconds=1))
    return LEFT + min(max(share, 0.0), 1.0) * PLOT_WIDTH


def _draw_points(
    points: Sequence[DriftPoint], places: Sequence[_Place], step: timedelta
) -> Iterator[str]:
    for first, last in _list_rows(points, step):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places[first:last])
        yield f'<polyline class="line" points="{path}"/>'
    for point, (x, y) in zip(points, places, strict=True):
        if point.has_drifted:
            yield f'<circle class="beyond" cx="{x:.1f}" cy="{y:.1f}" r="2.2"/>'


def _list_rows(points: Sequence[DriftPoint], step: timedelta) -> Iterator[tuple[int, int]]:
    """Yield the beginning and the end of each row of points without a gap."""
    first = 0
    for number in range(1, len(points) + 1):
        if number == len(points) or points[number].time - points[number - 1].time > _GAP * step:
            yield first, number
            first = number


def _write_times(start: datetime, end: datetime) -> Iterator[str]:
    span = end - start
    for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        time = start + share * span
        text = f"{time:%H:%M:%S}" if span < _MINUTES else f"{time:%H:%M}"
        if span > _DAYS:
            text = f"{time.day} {time:%b}"
        yield write_text(LEFT + share * PLOT_WIDTH, _BOTTOM + 16, text, anchor)
