"""Remove what libraries write for developers and terminals from their messages."""

import re

_OBJECT = re.compile(r"\s*<[^<>]*\bat 0x[0-9a-fA-F]+>|\s*\bat 0x[0-9a-fA-F]+")
_COLOR = re.compile(r"\x1b\[[0-9;]*m")


def strip_addresses(text: str) -> str:
    """Return a message without references to objects by their memory address.

    An address differs from process to process, and only helps attackers.
    """
    return _OBJECT.sub("", text)


def strip_colors(text: str) -> str:
    """Return a message without terminal colors."""
    return _COLOR.sub("", text)
