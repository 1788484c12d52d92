"""Small charts of drift as SVG: a measure's distribution, and its statistic over time.

They are drawn here and not with matplotlib: a page has two for each measure, which would take
seconds and hundreds of kilobytes. Colours are the style sheet's; texts are sized for a phone.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from markupsafe import Markup, escape

from viewfinder_components.monitoring.measure_words import find_words
from viewfinder_pipelines.drift.findings import DriftPoint, MeasureDrift

_WIDTH = 360
_LEFT, _RIGHT, _TOP = 36, 8, 10
_BARS_HEIGHT, _TIMES_HEIGHT = 120, 90  # of the plots
_FOOT = 22
_MOST_LABELS = 5
_NARROW = 0.56  # width of a bar of now, as a share of the bar of the reference behind it
_GAP = 1.6  # steps: a longer time without photos interrupts the line


def draw_bars(measure: MeasureDrift) -> Markup:
    """Draw what came in front of what was expected, each bin as wide as any other.

    Args:
        measure: One with edges.
    """
    most = max(*measure.expected, *measure.present)
    top = most * 1.05
    bottom, width = _TOP + _BARS_HEIGHT, (_WIDTH - _LEFT - _RIGHT) / len(measure.expected)
    parts = [*_draw_grid((0, most / 2, most), top, _BARS_HEIGHT, "{:.0%}".format)]
    pairs = zip(measure.bins, measure.expected, measure.present, strict=True)
    for place, (name, expected, present) in enumerate(pairs):
        left = _LEFT + place * width
        title = f"{name}: {present:.1%}, expected {expected:.1%}"
        back = _draw_bar(left + 0.5, width - 1, expected / top, "expected")
        inset = width * (1 - _NARROW) / 2
        front = _draw_bar(left + inset, width * _NARROW, present / top, "now")
        parts.append(f"<g><title>{escape(title)}</title>{back}{front}</g>")
    parts.append(_draw_line(_LEFT, bottom, _WIDTH - _RIGHT, bottom, "axis"))
    write = find_words(measure.name).write
    shown = ""
    for number in _choose(len(measure.edges)):
        x = _LEFT + (number + 1) * width
        parts.append(_draw_line(x, bottom, x, bottom + 4, "axis"))
        if (text := write(measure.edges[number])) != shown:  # as both sides of a narrow bin
            parts.append(_write_text(x, bottom + 17, "middle", text))
        shown = text
    label = f"Distribution of {measure.title}. {measure.sentence}"
    return _wrap(parts, bottom + _FOOT, label)


def draw_timeline(measure: MeasureDrift, start: datetime, end: datetime, step: timedelta) -> Markup:
    """Draw the statistic over time, as a multiple of the limit.

    Args:
        measure: One with a timeline.
        start: Where the time axis begins.
        end: Where it ends.
        step: From one point to the next.
    """
    values = [point.statistic / measure.limit for point in measure.timeline]
    most = max(*values, 1.0)
    top, bottom = most * 1.08, _TOP + _TIMES_HEIGHT
    span = max((end - start).total_seconds(), 1.0)

    def place(point: DriftPoint, value: float) -> tuple[float, float]:
        share = (point.time - start).total_seconds() / span
        x = _LEFT + min(max(share, 0.0), 1.0) * (_WIDTH - _LEFT - _RIGHT)
        return x, bottom - value / top * _TIMES_HEIGHT

    parts = [*_draw_grid((0, most) if most > 1 else (0,), top, _TIMES_HEIGHT, "{:.3g}".format)]
    limit = bottom - _TIMES_HEIGHT / top
    parts.append(_draw_line(_LEFT, limit, _WIDTH - _RIGHT, limit, "limit"))
    parts.append(_write_text(_LEFT + 3, limit - 4, "start", "limit", "limit-text"))
    places = [place(*pair) for pair in zip(measure.timeline, values, strict=True)]
    for first, last in _list_runs(measure.timeline, step):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places[first:last])
        parts.append(f'<polyline class="line" points="{path}"/>')
    for point, (x, y) in zip(measure.timeline, places, strict=True):
        if point.has_drifted:
            parts.append(f'<circle class="beyond" cx="{x:.1f}" cy="{y:.1f}" r="2.2"/>')
    for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        x = _LEFT + share * (_WIDTH - _LEFT - _RIGHT)
        parts.append(
            _write_text(x, bottom + 16, anchor, _write_moment(start + share * (end - start), span))
        )
    label = f"{measure.title}: statistic over time, at most {max(values):.3g} times its limit"
    return _wrap(parts, bottom + _FOOT, label)


def _list_runs(points: Sequence[DriftPoint], step: timedelta) -> Iterator[tuple[int, int]]:
    """Yield the beginning and the end of each row of points without a gap."""
    first = 0
    for number in range(1, len(points) + 1):
        if number == len(points) or points[number].time - points[number - 1].time > _GAP * step:
            yield first, number
            first = number


def _draw_grid(values: Sequence[float], top: float, height: float, write: object) -> Iterator[str]:
    assert callable(write)  # noqa: S101
    for value in values:
        y = _TOP + height - value / top * height
        yield _draw_line(_LEFT, y, _WIDTH - _RIGHT, y, "grid")
        yield _write_text(_LEFT - 5, y + 4, "end", write(value))


def _choose(count: int) -> list[int]:
    """Return which of so many edges have a label: as many as fit, evenly spaced."""
    if count <= _MOST_LABELS:
        return list(range(count))
    step = -(-count // _MOST_LABELS)
    first = (count - 1) % step // 2
    return list(range(first, count, step))


def _draw_bar(left: float, width: float, share: float, kind: str) -> str:
    height = share * _BARS_HEIGHT
    y = _TOP + _BARS_HEIGHT - height
    return (
        f'<rect class="{kind}" x="{left:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}"/>'
    )


def _draw_line(x: float, y: float, to_x: float, to_y: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"/>'


def _write_text(x: float, y: float, anchor: str, text: str, kind: str = "") -> str:
    name = f' class="{kind}"' if kind else ""
    return f'<text{name} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _write_moment(time: datetime, span: float) -> str:
    return (
        f"{time:%H:%M:%S}"
        if span < 600
        else f"{time:%H:%M}"
        if span < 2 * 86400
        else f"{time.day} {time:%b}"
    )


def _wrap(parts: list[str], height: float, label: str) -> Markup:
    box = f'viewBox="0,0,{_WIDTH},{height:.0f}"'
    inside = "".join(parts)
    return Markup(  # noqa: S704  (every text in it is escaped)
        f'<svg class="drift" role="img" aria-label="{escape(label)}" {box}>{inside}</svg>'
    )
