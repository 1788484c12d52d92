"""The tables of a run's steps and of all runs, and how every table is printed."""

import sys

from rich.console import Console
from rich.table import Table

from viewfinder.display import describe_seconds
from viewfinder.markup import to_markup
from viewfinder_components.spelling import write_command
from viewfinder_pipelines.runs.record import RunResult
from viewfinder_pipelines.settings.environment import Settings

_UNLIMITED = sys.maxsize  # columns


def print_table(console: Console, table: Table) -> None:
    """Print a table: as wide as the terminal, or as its content where programs read the output.

    Args:
        console: Where to print.
        table: What to print.
    """
    if console.file.isatty():
        console.print(table, highlight=False)
        return
    unlimited = console.options.update(max_width=_UNLIMITED)
    table.width = console.measure(table, options=unlimited).maximum
    with console.capture() as captured:
        console.print(table, highlight=False, crop=False)
    for line in captured.get().splitlines():
        console.out(line.rstrip(), highlight=False)


def print_steps(console: Console, result: RunResult) -> None:
    """Print a run's steps with their times and results."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("step", "state"):
        table.add_column(heading)
    table.add_column("seconds", justify="right")
    if result.overhead:
        table.add_column("overhead", justify="right")
    table.add_column("result", overflow="fold")
    for step in result.steps:
        overhead = [f"{sum(step.overhead.values()):.1f}"] if result.overhead else []
        row = (
            step.name,
            step.shown_state,
            describe_seconds(step),
            *overhead,
            step.summary or step.waiting,
        )
        table.add_row(*map(to_markup, row))
    print_table(console, table)


def print_runs(console: Console, results: list[RunResult]) -> None:
    """Print the runs, one line each, the newest last."""
    if not results:
        console.print(
            f"No runs yet in {to_markup(str(Settings().runs))}; start one with "
            f"`{write_command('run', '--data', 'PHOTOS')}`.",
            highlight=False,
            soft_wrap=True,
        )
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("run", no_wrap=True)  # to be copied
    for heading in ("state", "model", "accuracy", "data"):
        table.add_column(heading, overflow="fold")
    for result in results:
        accuracy = result.metrics.get("accuracy")
        table.add_row(
            to_markup(result.run_id),
            result.state,
            to_markup(result.parameters.get("model_name", "")),
            "" if accuracy is None else f"{accuracy:.1%}",
            to_markup(result.parameters.get("data", "")),
        )
    print_table(console, table)
