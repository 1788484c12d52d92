"""Write on the standard streams what people read, and what scripts read."""

import json
from typing import Any

import click

from viewfinder_components.printable import make_json_printable, make_printable


def say(text: Any, *, err: bool = False) -> None:
    """Write a text, which may have line breaks, for people.

    Args:
        text: The text, or something else whose `str` is meant.
        err: Whether to write on standard error.
    """
    click.echo(make_printable(text, lines=True), err=err)


def write_json(value: Any, *, indent: int | None = None, ascii_only: bool = True) -> None:
    """Write JSON.

    Args:
        value: What to write.
        indent: As for `json.dumps`.
        ascii_only: Whether letters of other scripts are escaped as well.
    """
    document = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    click.echo(make_json_printable(document))
