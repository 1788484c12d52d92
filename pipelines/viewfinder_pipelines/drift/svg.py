"""The parts of small charts as SVG, in the colours of the style sheet.

They are not drawn with matplotlib: a page has up to two charts for each measure, which would take
seconds and hundreds of kilobytes.
"""

from collections.abc import Callable, Iterator, Sequence

from markupsafe import Markup, escape

WIDTH = 360
"""As on a phone, where texts of 11 units can be read."""
LEFT, RIGHT, TOP, FOOT = 36, 8, 10, 22
"""Room around the plot, for the texts of the axes."""
PLOT_WIDTH = WIDTH - LEFT - RIGHT


def draw_grid(
    values: Sequence[float], most: float, height: float, write: Callable[[float], str]
) -> Iterator[str]:
    """Yield a horizontal line for each value, with its text to the left.

    Args:
        values: What has a line.
        most: The value at the top of the plot.
        height: The plot's.
        write: Writes a value.
    """
    for value in values:
        y = TOP + height - value / most * height
        yield draw_line((LEFT, y), (WIDTH - RIGHT, y), "grid")
        yield write_text(LEFT - 5, y + 4, write(value), "end")


def draw_line(start: tuple[float, float], end: tuple[float, float], kind: str) -> str:
    """Return a line; `kind` is its class in the style sheet."""
    (x, y), (to_x, to_y) = start, end
    return f'<line class="{kind}" x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"/>'


def write_text(x: float, y: float, text: str, anchor: str = "middle", kind: str = "") -> str:
    """Return a text that starts, ends or has its middle at a place."""
    name = f' class="{kind}"' if kind else ""
    return f'<text{name} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def wrap(parts: Sequence[str], plot_height: float, label: str) -> Markup:
    """Return a chart of its parts.

    Args:
        parts: Elements, whose texts are escaped.
        plot_height: Without the room above and below.
        label: What a screen reader says.
    """
    box = f'viewBox="0,0,{WIDTH},{TOP + plot_height + FOOT:.0f}"'
    start = f'<svg class="drift" role="img" aria-label="{escape(label)}" {box}>'
    return Markup(f"{start}{''.join(parts)}</svg>")  # noqa: S704  (every text in it is escaped)
