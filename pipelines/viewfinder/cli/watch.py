"""The command that shows what a served model does."""

import dataclasses
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from viewfinder.cli.group import FilePath, StrictCommand, need_text
from viewfinder.cli.options import source_options
from viewfinder.cli.output import say, write_json

if TYPE_CHECKING:
    from viewfinder.watching import ServingFigures

_MOST_KEPT = 50_000  # readings for the page: a day in intervals of 2 s


@click.command(cls=StrictCommand)
@click.argument("name", required=False, metavar="[NAME]", callback=need_text)
@source_options
@click.option(
    "--interval", type=float, default=2.0, show_default=True, help="Seconds between readings."
)
@click.option(
    "--window",
    type=float,
    default=10.0,
    show_default=True,
    help="Seconds over which the rates of predictors are taken.",
)
@click.option(
    "--since",
    metavar="TIME",
    help="With --prometheus: begin with the figures of this time before now, such as 25m or 1d.",
)
@click.option(
    "--output",
    type=FilePath(),
    metavar="PAGE",
    help="At the end, write a page with requests and latency over time here.",
)
@click.option(
    "--count",
    type=click.IntRange(min=1),
    help="End after so many readings, not counting those of the past.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
def watch(
    name: str | None,
    endpoint: tuple[str, ...],
    output: Path | None,
    count: int | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Show what a served model does: requests, latency, load, classes and replicas.

    NAME is the model's name. Ctrl-C ends the command. On a terminal, one picture changes;
    elsewhere, each reading is a line. docs/monitoring.md explains the figures.
    """
    from viewfinder.cli.interruption import ended_by_signals
    from viewfinder.watching import save_figures
    from viewfinder.watching import watch as watch_model

    begun = datetime.now(UTC)
    found = watch_model(name, endpoint=endpoint or None, **given)
    kept: deque[ServingFigures] = deque(maxlen=_MOST_KEPT)
    try:
        with ended_by_signals():
            _show(name or "", _keep(_end_after(count, found, begun), kept), as_json)
    finally:
        if output is not None and kept:
            save_figures(kept, output, title=name)
            if not as_json:
                say(f"wrote {output}")


def _end_after(
    count: int | None, found: "Iterator[ServingFigures]", begun: datetime
) -> "Iterator[ServingFigures]":
    """Yield figures until so many of them are of the time since the command began."""
    present = 0
    for figures in found:
        yield figures
        present += figures.time >= begun
        if present == count:
            return


def _keep(
    found: "Iterator[ServingFigures]", kept: "deque[ServingFigures]"
) -> "Iterator[ServingFigures]":
    for figures in found:
        kept.append(figures)
        yield figures


def _show(name: str, found: "Iterator[ServingFigures]", as_json: bool) -> None:
    if as_json:
        for figures in found:
            record = {**dataclasses.asdict(figures), "time": figures.time.isoformat()}
            write_json(record, ascii_only=False)
        return

    from rich.console import Console
    from rich.live import Live

    from viewfinder.cli.watch_display import Picture, write_line

    console = Console()
    if not console.is_terminal or console.is_dumb_terminal:
        for figures in found:
            say(write_line(figures))
        return
    picture = Picture(name)
    with Live("reading", console=console, auto_refresh=False) as live:
        for figures in found:
            live.update(picture.draw(figures, console.options), refresh=True)
