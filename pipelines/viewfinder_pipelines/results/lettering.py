"""Text that fits its place in a figure; matplotlib lets it run across what is beside it."""

import functools
import re
import warnings
from collections.abc import Iterator

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from viewfinder_components.printable import make_printable

SIZE = 9
"""Points, of captions."""
LINE = 0.16
"""Inches from a line of a caption to the next."""
_POINTS = 72  # an inch
_SPACE = re.compile(r"[\s\x00-\x1f\x7f]+")  # no font has a tab
_BREAKS = " -_/.,:;"
_LONGEST = 1_000  # characters; no caption has room for more


def shorten_name(name: str, most: int) -> str:
    """Return a class's name on one line, with its middle left out if it is long.

    Names often begin alike, or end alike, so both ends are kept.

    Args:
        name: The name.
        most: The most characters, at least 3.
    """
    line = make_printable(_SPACE.sub(" ", name).strip())
    if len(line) <= most:
        return line
    tail = (most - 1) // 2
    return f"{line[: most - 1 - tail]}…{line[-tail:]}"


def wrap(text: str, inches: float, most: int) -> str:
    """Return text in lines that fit a width.

    Args:
        text: Its own line breaks are kept.
        inches: The width.
        most: The most lines; the last of them ends in an ellipsis if there is more text.
    """
    parts = [make_printable(_SPACE.sub(" ", part)) for part in text[:_LONGEST].splitlines()]
    lines = [line for part in parts for line in _break(part, inches * _POINTS)]
    if len(lines) > most:
        lines[most - 1 :] = [f"{lines[most - 1][:-1].rstrip()}…"]
    return "\n".join(lines)


def _break(text: str, points: float) -> Iterator[str]:
    """Yield lines of at most some width; a break is after a space or a dash, if there is one."""
    line, width = "", 0.0
    for letter in text:
        line += letter
        width += _measure(letter)
        if width > points and len(line) > 1:
            end = max(line.rfind(one, 0, -1) for one in _BREAKS) + 1 or len(line) - 1
            yield line[:end].rstrip()
            line = line[end:]
            width = sum(map(_measure, line))
    yield line.rstrip()


@functools.cache
def _measure(letter: str) -> float:
    """Return a letter's width in points."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of letters that no font has: drawing warns of them
        return float(
            text_to_path.get_text_width_height_descent(
                letter, FontProperties(size=SIZE), ismath=False
            )[0]
        )
