"""The command that shows error budgets."""

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from viewfinder.cli.group import FilePath, StrictCommand
from viewfinder.cli.options import BEYOND_LIMIT
from viewfinder.cli.output import say, write_json

if TYPE_CHECKING:
    from viewfinder.objectives import ErrorBudget


@click.command(cls=StrictCommand)
@click.argument("services", nargs=-1, metavar="[NAME]...")
@click.option(
    "--prometheus", metavar="URL", required=True, help="A Prometheus that reads the predictors."
)
@click.option("--file", type=FilePath(), help="The objectives (docs/slo.md).  [default: slo.toml]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def slo(services: tuple[str, ...], prometheus: str, file: Path | None, as_json: bool) -> None:
    """Show how much of its error budgets each version of a service has used.

    NAME is a service of the file; without one, all are shown. The exit code is 5 if a budget is
    used up.
    """
    from viewfinder.objectives import read_error_budgets

    budgets = read_error_budgets(prometheus, list(services) or None, file=file)
    if as_json:
        write_json([dataclasses.asdict(one) for one in budgets], ascii_only=False)
    else:
        for budget in budgets:
            _print(budget)
    if any(budget.left <= 0 for budget in budgets):
        sys.exit(BEYOND_LIMIT)


def _print(budget: "ErrorBudget") -> None:
    from rich.console import Console
    from rich.table import Table

    from viewfinder.markup import to_markup
    from viewfinder.run_tables import print_table

    within = "" if budget.seconds is None else f" within {budget.seconds:g} s"
    say(
        f"{budget.service}: {budget.objective} {budget.target:.6g}{within} over {budget.days:g} "
        f"days: {_share(budget.left)} of the error budget is left, of "
        f"{budget.requests:,.0f} requests"
    )
    table = Table(box=None, pad_edge=False)
    for heading in ("version", "requests", "bad", "budget used", "burn rate", "in the last hour"):
        table.add_column(heading, justify="left" if heading == "version" else "right")
    for one in budget.versions:
        table.add_row(
            to_markup(one.version),
            f"{one.requests:,.0f}",
            f"{one.bad:,.0f}",
            _share(one.used),
            _rate(one.burn_rate),
            _rate(one.burn_rate_1h),
        )
    print_table(Console(), table)
    say("")


def _share(share: float) -> str:
    return f"{share:.1%}"


def _rate(rate: float | None) -> str:
    if rate is None:
        return "-"
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"
