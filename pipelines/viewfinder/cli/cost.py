"""The command that compares what ways to serve cost."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from viewfinder.cli.group import FilePath, StrictCommand, need_text
from viewfinder.cli.output import say, write_json
from viewfinder.cli.spelling import spell_option

if TYPE_CHECKING:
    from viewfinder.cost import Capacity, CostPlan

_BY_HAND = ("queries_per_second", "cores", "cold_start_seconds")  # what a `Capacity` takes


@click.command(cls=StrictCommand)
@click.option(
    "--comparison", type=FilePath(), help="What the command `compare` wrote: what a server answers."
)
@click.option("--server", metavar="NAME", help="With --comparison.  [default: viewfinder]")
@click.option(
    "--capacity", "queries_per_second", type=float, metavar="QUERIES",
    help="Queries per second that a server answers.",
)  # fmt: skip
@click.option("--cores", type=float, help="With --capacity: on how many cores.  [default: 1]")
@click.option(
    "--cold-start", "cold_start_seconds", type=float, metavar="SECONDS",
    help="With --capacity: from the start of a server to its first answer.  [default: 0]",
)  # fmt: skip
@click.option(
    "--load", metavar="QUERIES|FILE", callback=need_text,
    help="Queries per second all day, or a CSV file with a day's load.",
)  # fmt: skip
@click.option("--p99-ms", type=int, metavar="MS", help="Latency that 99 of 100 requests must keep.")
@click.option(
    "--utilization", type=float, default=0.7, show_default=True,
    help="Share of a server's capacity that the plan uses.",
)  # fmt: skip
@click.option(
    "--min-replicas", type=int, default=1, show_default=True,
    help="Replicas that always run, except with scale to zero.",
)  # fmt: skip
@click.option(
    "--prices", type=FilePath(), metavar="FILE",
    help="Your prices, in addition to the packaged ones; or book-2019 (docs/cost.md).",
)  # fmt: skip
@click.option(
    "--option", "options", multiple=True, metavar="NAME",
    help="An option of the price file; without it, all are compared.",
)  # fmt: skip
@click.option(
    "--highest-load", type=float, metavar="QUERIES",
    help="Compare up to this load.  [default: 5 times the load or the largest replica]",
)  # fmt: skip
@click.option("--output", type=FilePath(), metavar="PAGE", help="Write a page with charts here.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--print-prices", is_flag=True, help="Print the packaged price file, and exit.")
def cost(
    load: str | None,
    output: Path | None,
    as_json: bool,
    print_prices: bool,
    options: tuple[str, ...],
    **given: Any,
) -> None:
    """Compare what ways to serve cost a month, by load, and where their costs cross.

    Give what one server answers: --comparison FILE, or --capacity QUERIES with --cores CORES.
    docs/cost.md describes the price file and the file of a day's load.
    """
    from viewfinder.cost import estimate_cost, read_packaged

    if print_prices:
        click.echo(read_packaged(), nl=False)
        return
    plan = estimate_cost(
        _find_capacity(given), _read_load(load), options=list(options) or None, **given
    )
    if output is not None:
        plan.save(output)
    if as_json:
        write_json(plan.to_json(), indent=2)
    else:
        _print(plan, output)
    for warning in map("Warning: {}".format, plan.warnings):
        say(warning, err=True)


def _find_capacity(given: dict[str, Any]) -> "Capacity | None":
    """Take what says the capacity out of a command's options."""
    from viewfinder.cost import Capacity, read_capacity

    comparison, server = given.pop("comparison"), given.pop("server")
    by_hand = {name: given.pop(name) for name in _BY_HAND}
    if comparison is not None:
        for name, value in by_hand.items():
            if value is not None:
                raise click.UsageError(
                    f"{spell_option(name)} does not go with --comparison: omit one of them."
                )
        return read_capacity(comparison, server or "viewfinder", p99_ms=given["p99_ms"])
    if server is not None:
        raise click.UsageError("--server goes with --comparison.")
    rate, cores, start = by_hand.values()
    if rate is None:
        if cores is not None or start is not None:
            raise click.UsageError("--cores and --cold-start go with --capacity.")
        return None
    return Capacity(rate, 1.0 if cores is None else cores, start or 0.0)


def _read_load(text: str | None) -> float | str | None:
    """Take a number for a constant load, and anything else for a file."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _print(plan: "CostPlan", output: Path | None) -> None:
    from viewfinder.cli.cost_display import print_plan

    print_plan(plan)
    if output is not None:
        say(f"\nwrote {output}")
