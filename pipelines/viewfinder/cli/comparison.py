"""The command that compares ways to serve."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from viewfinder.cli.group import FilePath, StrictCommand
from viewfinder.cli.options import INTERRUPTED
from viewfinder.cli.output import say
from viewfinder.markup import to_markup

if TYPE_CHECKING:
    from rich.table import Table

    from viewfinder_comparison.results import Comparison


def _read_places(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    """Read `NAME=PLACE`; a click callback."""
    pairs = [value.partition("=") for value in values]
    for (name, _, place), value in zip(pairs, values, strict=True):
        if not (name.strip() and place.strip()):
            raise click.BadParameter(f"expected NAME=PLACE, received {value!r}")
    names = [name.strip() for name, _, _ in pairs]
    if len(set(names)) < len(names):
        raise click.BadParameter("expected each name once")
    return {name: place.strip() for name, (_, _, place) in zip(names, pairs, strict=True)}


def _read_names(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> list[str] | None:
    """Read names that are separated by commas, or list them all and end; a click callback."""
    if value is None:
        return None
    if value == "list":
        from viewfinder.comparison import list_servers

        for name, title in list_servers().items():
            say(f"{name:22} {title}")
        context.exit()
    return [name.strip() for name in value.split(",") if name.strip()]


@click.command(cls=StrictCommand)
@click.argument("model_version", metavar="MODEL[/NUMBER]", required=False)
@click.option(
    "--output",
    type=FilePath(),
    default="comparison",
    show_default=True,
    help="Folder for the page, the table, the JSON, the raw samples and the servers' logs.",
)
@click.option(
    "--servers",
    metavar="NAME,...",
    is_eager=True,  # `--servers list` needs no MODEL
    callback=_read_names,
    help="Which servers, in the order of the table; `--servers list` lists them.  [default: all]",
)
@click.option("--seconds", type=float, help="Length of each measurement.  [default: 4]")
@click.option("--rounds", type=int, help="Interleaved rounds.  [default: 3]")
@click.option("--quick", is_flag=True, help="A first impression: one round, fewer, shorter loads.")
@click.option(
    "--external",
    metavar="NAME=PLACE",
    multiple=True,
    callback=_read_places,
    help="Where a server is that cannot be installed here: an address, such as "
    "tensorflow-serving=127.0.0.1:8501, or a program. May be repeated.",
)
def compare(
    model_version: str | None,
    output: Path,
    servers: list[str] | None,
    seconds: float | None,
    rounds: int | None,
    quick: bool,
    external: dict[str, str],
) -> None:
    """Compare ways to serve a published version: throughput, latency, overload, start and memory.

    Every server runs on this machine, alone, with the same model and photos; its packages are
    installed into an environment of its own, which is kept. Interrupted and started again with the
    same arguments, the command continues. docs/comparison.md describes what is measured.
    """
    if model_version is None:
        raise click.UsageError("Missing argument 'MODEL[/NUMBER]'.")
    wanted = {"servers": servers, "seconds": seconds, "rounds": rounds, "quick": quick}
    _compare(model_version, output, external=external, **wanted)


def _compare(model_version: str, output: Path, **wanted: object) -> None:
    from rich.console import Console

    from viewfinder.cli.interruption import ended_by_signals
    from viewfinder.comparison import compare as compare_servers
    from viewfinder.run_tables import print_table

    console = Console(stderr=True)
    try:
        with ended_by_signals(), console.status("starting") as status:

            def tell(text: str) -> None:
                status.update(to_markup(text))
                if not console.is_terminal:
                    say(text, err=True)

            comparison = compare_servers(model_version, output, progress=tell, **wanted)  # type: ignore[arg-type]
    except KeyboardInterrupt:
        say("Interrupted. The same command continues after what was measured.", err=True)
        sys.exit(INTERRUPTED)
    print_table(Console(), _make_table(comparison))
    for server in comparison.servers:
        if server.reason:
            say(f"{server.title}, {server.state}: {server.reason}", err=True)
    say(f"The page is {output / 'comparison.html'}.")
    sys.exit(not any(server.state == "measured" for server in comparison.servers))


def _make_table(comparison: "Comparison") -> "Table":
    from rich.table import Table

    from viewfinder_comparison.report.rows import summary_rows
    from viewfinder_comparison.results import P99_LIMITS_MS

    table = Table(box=None, pad_edge=False)
    table.add_column("photos/s with p99 within")
    for limit in P99_LIMITS_MS:
        table.add_column(f"{limit} ms", justify="right")
    for head in ("cold start, s", "memory, MB", "lines of code"):
        table.add_column(head, justify="right")
    for row in summary_rows(comparison):
        rates = [rate["text"] for rate in row["rates"]]
        cells = (row["title"], *rates, row["cold_start"], row["memory"], str(row["lines"]))
        table.add_row(*map(to_markup, cells))
    return table
