"""Make a text from elsewhere safe to show: on a terminal, in a log, in a page, in a figure.

Names of files and classes, answers of servers and records of runs may contain anything. Escape
sequences control a terminal, U+202E reverses the letters that follow, and U+200B cannot be seen.
Data are stored as they are; what people read goes through here at the place where it is written.
"""

import logging
import re
from typing import Any

ILLEGIBLE = (
    r"\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    r"\ud800-\udfff\ufeff\ufff9-\ufffb"
)
"""Control characters, invisible ones, those that reverse adjacent letters, and halves of surrogate
pairs, as in the brackets of a regular expression. Joiners (U+200C, U+200D), which scripts and emoji
need, are not among them."""

_ILLEGIBLE = re.compile(f"[{ILLEGIBLE}]")
_KEPT_IN_LINES = "\t\n"


def make_printable(text: Any, *, lines: bool = False) -> str:
    r"""Return a text with escapes such as `\x1b` and `\u202e` for what cannot be read.

    Args:
        text: The text, or something else whose `str` is meant.
        lines: Whether line breaks and tabs are the writer's own, and stay.
    """
    kept = _KEPT_IN_LINES if lines else ""
    return _ILLEGIBLE.sub(lambda found: _escape(found[0], kept), str(text))


def make_json_printable(document: str) -> str:
    """Return the same JSON with its own escapes for what cannot be read.

    Args:
        document: JSON, in which other characters than ASCII need not be escaped.
    """
    # Outside of strings, JSON has no other such characters than line breaks and tabs.
    return _ILLEGIBLE.sub(
        lambda found: found[0] if found[0] in "\t\r\n" else f"\\u{ord(found[0]):04x}", document
    )


class PrintableFormatter(logging.Formatter):
    """Formats the lines of a log, tracebacks included, without anything illegible."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, or the lines, of a record."""
        return make_printable(super().format(record), lines=True)


def _escape(character: str, kept: str) -> str:
    if character in kept:
        return character
    if "\udc80" <= character <= "\udcff":  # what Python makes of a byte that is not UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()
