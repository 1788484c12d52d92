"""A measure's distribution, drawn: what came in front of what was expected."""

from collections.abc import Iterator

from markupsafe import Markup, escape

from viewfinder_components.monitoring.measure_words import find_words
from viewfinder_pipelines.drift.findings import MeasureDrift
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

_HEIGHT = 120
_BOTTOM = TOP + _HEIGHT
_MOST_LABELS = 5
_NARROW = 0.56  # width of a bar of now, as a share of the bar of the reference behind it
_ABOVE = 1.05  # the axis, as a multiple of the highest bar


def draw_bars(measure: MeasureDrift) -> Markup:
    """Draw the distributions; each bin is as wide as any other.

    Args:
        measure: One with edges.
    """
    most = max(*measure.expected, *measure.present)
    width = PLOT_WIDTH / len(measure.expected)
    parts = [
        *draw_grid((0, most / 2, most), most * _ABOVE, _HEIGHT, "{:.0%}".format),
        *_draw_bins(measure, width, most * _ABOVE),
        draw_line((LEFT, _BOTTOM), (WIDTH - RIGHT, _BOTTOM), "axis"),
        *_write_edges(measure, width),
    ]
    return wrap(parts, _HEIGHT, f"Distribution of {measure.title}. {measure.sentence}")


def _draw_bins(measure: MeasureDrift, width: float, most: float) -> Iterator[str]:
    inset = width * (1 - _NARROW) / 2
    bins = zip(measure.bins, measure.expected, measure.present, strict=True)
    for place, (name, expected, present) in enumerate(bins):
        left = LEFT + place * width
        title = f"{name}: {present:.1%}, expected {expected:.1%}"
        behind = _draw_bar(left + 0.5, width - 1, expected / most, "expected")
        before = _draw_bar(left + inset, width * _NARROW, present / most, "now")
        yield f"<g><title>{escape(title)}</title>{behind}{before}</g>"


def _draw_bar(left: float, width: float, share: float, kind: str) -> str:
    height = share * _HEIGHT
    size = f'width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="{kind}" x="{left:.1f}" y="{_BOTTOM - height:.1f}" {size}/>'


def _write_edges(measure: MeasureDrift, width: float) -> Iterator[str]:
    write, shown = find_words(measure.name).write, ""
    for number in _choose(len(measure.edges)):
        x = LEFT + (number + 1) * width
        yield draw_line((x, _BOTTOM), (x, _BOTTOM + 4), "axis")
        if (text := write(measure.edges[number])) != shown:  # as both sides of a narrow bin
            yield write_text(x, _BOTTOM + 17, text)
        shown = text


def _choose(count: int) -> range:
    """Return which of so many edges have a label: as many as fit, evenly spaced."""
    step = -(-count // _MOST_LABELS)
    return range((count - 1) % step // 2, count, step)
