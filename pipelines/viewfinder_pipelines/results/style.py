"""How figures look, and how a notebook shows them."""

import base64
import functools
import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any, ParamSpec

from matplotlib import font_manager, rcParams, style
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

# The light theme's colours of the reports (reports/templates/style.css).
SERIES = (
    "#2563eb", "#d9730d", "#1a8a5a", "#b4459b", "#8a6d00", "#0891a8", "#7a55d3", "#c23b4b",
)  # fmt: skip
MUTED = "#6b7280"
RAMP = LinearSegmentedColormap.from_list("viewfinder", ["#ffffff", SERIES[0]])
_SHOWN_DPI = 72
_DPI = 2 * _SHOWN_DPI
_FAMILIES = (
    "DejaVu Sans",
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Zen Hei", "PingFang SC", "Hiragino Sans"),
    *("Microsoft YaHei", "Noto Sans Thai", "Noto Sans Devanagari", "Arial Unicode MS"),
)
"""Tried in this order for each letter, and then the user's: names of classes are in any script."""

_LOCK = threading.RLock()
_P = ParamSpec("_P")


class ShownFigure(Figure):
    """A figure that a notebook shows without pyplot, whose open figures would pile up.

    Attributes:
        description: What it shows, in words, for readers who cannot see it.
    """

    description = ""

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the picture twice: as an element that has a text, and for exports that want a PNG.

        JupyterLab and nbconvert take the element; of a PNG alone they cannot show the text.
        """
        content, size = self._repr_png_()
        picture = base64.b64encode(content).decode()
        element = (
            f'<img src="data:image/png;base64,{picture}" alt="{escape(self.description)}" '
            f'width="{size["width"]}" height="{size["height"]}">'
        )
        data = {"image/png": picture, "text/html": element, "text/plain": self.description}
        return data, {"image/png": {**size, "alt": self.description}}

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """Return the picture and the size it is shown in: sharp on screens of high density."""
        file = io.BytesIO()
        with _styling():
            self.savefig(file, format="png")
        width, height = self.get_size_inches() * _SHOWN_DPI
        return file.getvalue(), {"width": round(width), "height": round(height)}


def new_figure(width: float, height: float, description: str) -> ShownFigure:
    """Return an empty figure.

    Args:
        width: In inches.
        height: In inches.
        description: What it will show, in words.
    """
    figure = ShownFigure(figsize=(width, height), layout="constrained", dpi=_DPI)
    figure.description = description
    return figure


def styled(draw: Callable[_P, Figure]) -> Callable[_P, Figure]:
    """Have a function draw in the project's style, whatever the notebook's is."""

    @functools.wraps(draw)
    def drawn(*args: _P.args, **kwargs: _P.kwargs) -> Figure:
        with _styling():
            return draw(*args, **kwargs)

    return drawn


@contextmanager
def _styling() -> Iterator[None]:
    """Set the style for a while. It is the process's, so threads wait for each other."""
    with _LOCK:
        own = {**_style(), "font.family": [*_find_families(), *rcParams["font.family"]]}
        with style.context(["default", own]):
            yield


@functools.cache
def _find_families() -> tuple[str, ...]:
    known = set(font_manager.get_font_names())
    return tuple(family for family in _FAMILIES if family in known)


@functools.cache
def _style() -> dict[str, Any]:
    return {
        "font.size": 10,
        "savefig.dpi": "figure",
        "axes.titlesize": 11,
        "axes.titleweight": "bold",
        "axes.labelcolor": MUTED,
        "axes.edgecolor": "#d1d5db",
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "grid.color": "#e5e7eb",
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "legend.frameon": False,
        "lines.linewidth": 1.8,
    }
