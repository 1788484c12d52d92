"""Numbers and names as people read them: the filters of the templates."""

from collections.abc import Callable, Sequence
from typing import Any

MISSING = "\N{EN DASH}"
"""Stands for a missing value, such as the recall of a class without photos."""


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share between 0 and 1 as a percentage: `0.8766` is `87.7%`."""
    return MISSING if share is None else f"{100 * share:.{digits}f}%"


def decimal(value: float | None, digits: int = 3) -> str:
    """Return a number with a fixed number of decimals."""
    return MISSING if value is None else f"{value:.{digits}f}"


def count(value: int | None) -> str:
    """Return a whole number with thousands separators: `50000` is `50,000`."""
    return MISSING if value is None else f"{value:,}"


def duration(seconds: float | None) -> str:
    """Return seconds in the most readable unit: `0.0421` is `42 ms`."""
    if seconds is None:
        return MISSING
    if seconds < 0.0995:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 99.5:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def file_name(uri: str) -> str:
    """Return the last part of a path or URI, with the fragment that identifies a row of a file."""
    return uri.rstrip("/").rpartition("/")[2] or uri


def shorten(names: Sequence[str], most: int = 8) -> str:
    """Return names as a list of at most `most` and the count of the rest."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def plural(number: int, one: str, many: str = "") -> str:
    """Return the number with its noun: `1 photo`, `2 photos`; `many` for irregular plurals."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


FILTERS: dict[str, Callable[..., Any]] = {
    "percent": percent,
    "decimal": decimal,
    "count": count,
    "duration": duration,
    "file_name": file_name,
    "plural": plural,
}
