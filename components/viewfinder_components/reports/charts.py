"""Charts as SVG within the page: their text is text, their colours follow the page's theme.

Names of classes are not drawn here: they may be in any script, and HTML renders them better. A
chart's lines have the colours of `macros.legend`, in the same order.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from markupsafe import Markup, escape
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from viewfinder_components.printable import make_printable
from viewfinder_components.reports.chart_labels import Label, label_ends, label_points

SERIES = 8
"""Number of colours in the style sheet; they repeat after that."""
_TEXT, _GRID, _MUTED = "#010203", "#010204", "#010205"
_SERIES = tuple(f"#0102{number:02x}" for number in range(0x11, 0x11 + SERIES))
# matplotlib only accepts hexadecimal colours: each stands for a variable of the style sheet.
_THEME = {
    _TEXT: "currentColor",
    _GRID: "var(--line)",
    _MUTED: "var(--muted)",
    **{colour: f"var(--series-{number})" for number, colour in enumerate(_SERIES, 1)},
}
# What matplotlib writes in a standalone file, and a part of a page must not contain.
_CLEANING = (
    (re.compile(r"^.*?(?=<svg)", re.DOTALL), ""),  # XML declaration and doctype
    (re.compile(r"\s*<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL), ""),  # styles the page
    (re.compile(r' (?:xmlns(?::xlink)?|version)="[^"]*"'), ""),  # HTML knows what SVG is
    (re.compile(r'(?<=<svg) width="[^"]*" height="[^"]*"'), ""),  # set by the style sheet
    (re.compile(r" font-family: [^;]*;"), ""),
    (re.compile(r"xlink:href"), "href"),
    (
        re.compile(r' id="(?![pm][0-9a-f]+")[^"]*"'),
        "",
    ),  # except clip paths and markers: they repeat
    (re.compile(r' transform="rotate\(-0 [^"]*"'), ""),
    (re.compile(r"(\.\d)\d+(?=[ \"\n])"), r"\1"),  # a tenth of a point is finer than any screen
)
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": _TEXT,
    "axes.labelcolor": _MUTED,
    "axes.edgecolor": _GRID,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": _GRID,
    "grid.linewidth": 0.7,
    "xtick.color": _MUTED,
    "ytick.color": _MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "lines.linewidth": 1.8,
    "figure.constrained_layout.use": True,
}


@dataclass(frozen=True)
class Line:
    """One line of a chart."""

    x: Sequence[float]
    y: Sequence[float]
    series: int = 1
    """The colour, 1 to `SERIES`; larger numbers wrap around."""
    weak: bool = False
    """Whether to draw it thin and pale, as one of many."""
    dashed: bool = False
    label: str = ""
    """A text at the right end, in the line's colour; those of close lines are moved apart."""


@dataclass(frozen=True)
class Point:
    """A point of a chart that its reader looks for, with a text beside it that covers no other."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Plot:
    """What a line chart shows besides its lines."""

    name: str
    """The description for screen readers; unique within the page."""
    x_label: str
    y_label: str
    x_limits: tuple[float, float] | None = None
    y_limits: tuple[float, float] | None = None
    marks: tuple[tuple[float, str], ...] = ()
    """Vertical lines: the position and the word next to each."""
    diagonal: bool = False
    """Whether the diagonal from (0, 0) to (1, 1) is drawn, for comparison."""
    square: bool = False
    """Whether both axes have the same length."""
    logarithmic: Literal["", "x", "y", "xy"] = ""
    """Which axes are logarithmic."""
    wide: bool = False
    """Whether it takes the page's width, with room for labels at the right."""
    points: tuple[Point, ...] = ()


def line_chart(plot: Plot, lines: Sequence[Line]) -> Markup:
    """Draw lines on shared axes."""
    with rc_context(_STYLE):
        figure, axes = _axes(plot)
        for line in lines:
            _draw_line(axes, line)
        for name in plot.logarithmic:
            _make_logarithmic(axes, name)
        for position, word in plot.marks:
            axes.axvline(position, color=_MUTED, linewidth=1, linestyle=(0, (3, 3)))
            axes.annotate(
                word,
                (position, 1),
                xycoords=("data", "axes fraction"),
                xytext=(4, -2),
                textcoords="offset points",
                va="top",
                color=_MUTED,
                parse_math=False,
            )
        _write_labels(axes, plot, lines)
        return _svg(figure, plot.name)


def bar_chart(
    plot: Plot, edges: Sequence[float], heights: Sequence[float | None], shares: Sequence[float]
) -> Markup:
    """Draw adjacent bars, each as dark as its share: the reliability diagram.

    Args:
        plot: Axes and name.
        edges: Where bars start and end, one more than there are bars.
        heights: Height of each bar; None leaves it out.
        shares: Each bar's weight, 0 to 1.
    """
    largest = max(max(shares, default=0), 1e-9)
    with rc_context(_STYLE):
        figure, axes = _axes(plot)
        for left, right, height, share in zip(edges, edges[1:], heights, shares, strict=False):
            if height is not None:
                axes.bar(
                    left,
                    max(height, 0.004),  # a bin that is never right is still visible
                    right - left,
                    align="edge",
                    color=_SERIES[0],
                    alpha=0.25 + 0.7 * share / largest,
                    linewidth=0,
                )
        return _svg(figure, plot.name)


def _axes(plot: Plot) -> tuple[Figure, Any]:
    size = (10.2, 5.2) if plot.wide else (4.6, 4.6) if plot.square else (6.2, 3.7)
    figure = Figure(figsize=size)
    axes = figure.add_subplot()
    axes.set(xlabel=plot.x_label, ylabel=plot.y_label)
    axes.margins(x=0.02)
    for name in plot.logarithmic:
        _make_logarithmic(axes, name)
    if plot.x_limits:
        axes.set_xlim(plot.x_limits)
    if plot.y_limits:
        axes.set_ylim(plot.y_limits)
    if plot.diagonal:
        axes.plot([0, 1], [0, 1], color=_MUTED, linewidth=1, linestyle=(0, (3, 3)))
    return figure, axes


def _make_logarithmic(axes: Any, name: str) -> None:
    """Give an axis whose limits are known powers of 10, or 1, 2 and 5 times these where few fit."""
    axis = getattr(axes, f"{name}axis")
    axes.set(**{f"{name}scale": "log"})
    low, high = axis.get_view_interval()
    few = high / low < 500
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,), numticks=12))
    axis.set_major_formatter(lambda value, _: f"{value:,.12g}")
    axis.set_minor_locator(NullLocator())


def _draw_line(axes: Any, line: Line) -> None:
    axes.plot(
        line.x,
        line.y,
        color=_colour_of(line),
        linestyle=(0, (4, 2)) if line.dashed else "-",
        linewidth=0.8 if line.weak else 1.8,
        alpha=0.45 if line.weak else 1,
        marker="o" if len(line.x) == 1 else "",
        markersize=4,
        clip_on=False,  # do not cut a curve along the frame in half
    )


def _write_labels(axes: Any, plot: Plot, lines: Sequence[Line]) -> None:
    if labelled := [line for line in lines if line.label]:
        label_ends(
            axes, [Label(line.x[-1], line.y[-1], line.label, _colour_of(line)) for line in labelled]
        )
    for point in plot.points:
        axes.plot(point.x, point.y, marker="o", markersize=6, color=_TEXT, zorder=5, linestyle="")
    if plot.points:
        label_points(axes, [Label(point.x, point.y, point.text, _TEXT) for point in plot.points])


def _colour_of(line: Line) -> str:
    return _SERIES[(line.series - 1) % SERIES]


def _svg(figure: Figure, name: str) -> Markup:
    """Return the figure as an `<svg>` element in the page's colours."""
    file = io.StringIO()
    with rc_context({"svg.hashsalt": name}):
        # None everywhere omits the metadata, which would contain a date and external addresses.
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(file, format="svg", transparent=True, metadata=nothing)
    svg = make_printable(file.getvalue(), lines=True)
    for pattern, replacement in _CLEANING:
        svg = pattern.sub(replacement, svg)
    for colour, variable in _THEME.items():
        svg = svg.replace(colour, variable)
    label = f'<svg role="img" aria-label="{escape(make_printable(name))}"'
    return Markup(svg.replace("<svg", label, 1))  # noqa: S704  (drawn here, from numbers)
