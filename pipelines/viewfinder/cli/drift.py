"""The command that says whether the photos of a served model have changed."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from viewfinder.cli.group import FilePath, StrictCommand, need_text
from viewfinder.cli.options import BEYOND_LIMIT, source_options
from viewfinder.cli.output import say, write_json

if TYPE_CHECKING:
    from viewfinder.drifting import Drift


@click.command(cls=StrictCommand)
@click.argument("name", required=False, metavar="[NAME]", callback=need_text)
@click.option(
    "--since",
    metavar="TIME",
    help="With --prometheus: how far to look back, such as 90m, 12h, 1d or 2w.  [default: 1d]",
)
@source_options
@click.option(
    "--for",
    "duration",
    metavar="TIME",
    help="Without --prometheus: wait for so long, such as 60s, and take only the photos that come "
    "in meanwhile, instead of all since the predictors' start.",
)
@click.option("--output", type=FilePath(), metavar="PAGE", help="Write a page with charts here.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def drift(
    name: str | None,
    endpoint: tuple[str, ...],
    output: Path | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Say whether the photos that a served model gets have changed: which measure, and how.

    NAME is the model's name. The exit code is 5 if a measure has drifted. docs/drift.md explains
    the measures.
    """
    found = _find(name, {**given, "endpoint": endpoint or None})
    if output is not None:
        found.save(output)
    if as_json:
        write_json(found.to_json(), indent=2, ascii_only=False)
    else:
        _print(found, output)
    sys.exit(BEYOND_LIMIT if found.has_drifted else 0)


def _find(name: str | None, given: dict[str, Any]) -> "Drift":
    from rich.console import Console

    from viewfinder.cli.interruption import ended_by_signals
    from viewfinder.drifting import drift as find_drift

    waiting = f"counting photos for {given['duration']}" if given["duration"] else "reading"
    with ended_by_signals(), Console(stderr=True).status(waiting):
        return find_drift(name, **given)


def _print(found: "Drift", output: Path | None) -> None:
    from viewfinder.cli.drift_display import print_drift

    print_drift(found)
    if output is not None:
        say(f"\nwrote {output}")
