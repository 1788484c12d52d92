"""Text as a part of rich's markup."""

from typing import Any

from rich.markup import escape

from viewfinder_components.printable import make_printable


def to_markup(text: Any) -> str:
    """Return markup that shows a text as it is: brackets are no tags, nothing controls a terminal.

    Args:
        text: The text, or something else whose `str` is meant.
    """
    return escape(make_printable(text, lines=True))
