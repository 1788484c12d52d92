"""What libraries write for developers and terminals, taken out of their messages."""

import re

_OBJECT = re.compile(r"\s*<[^<>]*\bat 0x[0-9a-fA-F]+>|\s*\bat 0x[0-9a-fA-F]+")
_COLOR = re.compile(r"\x1b\[[0-9;]*m")


def strip_addresses(text: str) -> str:
    """Return a message without the objects that it names by their address in memory.

    An address differs from process to process, and helps nobody but an attacker.
    """
    return _OBJECT.sub("", text)


def strip_colors(text: str) -> str:
    """Return a message without a terminal's colors."""
    return _COLOR.sub("", text)
