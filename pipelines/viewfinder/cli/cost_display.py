"""What a terminal, or a pipe, shows of a plan."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from viewfinder.cost import list_left_out
from viewfinder_comparison.cost.cost_table import list_loads, tabulate
from viewfinder_comparison.cost.money import write_load

if TYPE_CHECKING:
    from viewfinder.cost import CostPlan

_MOST_RANGES = 12
_PIPE_WIDTH = 160  # a line for each option; a terminal has its own width


def print_plan(plan: "CostPlan") -> None:
    """Print the costs at a few loads, which option to choose where, and what is left out."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PIPE_WIDTH)
    if plan.capacity:
        rate = write_load(plan.capacity.queries_per_second)
        console.print(
            f"One server answers {rate} queries per second: {escape(plan.capacity.source)}."
        )
    console.print(f"{plan.currency} a month, by mean queries per second:\n")
    console.print(_make_cost_table(plan))
    for one in plan.at_load:
        if one.misfit:
            console.print(f"{escape(one.title)} is no choice at your load: {escape(one.misfit)}.")
    console.print("\nThe cheapest, by mean queries per second:\n")
    console.print(_make_range_table(plan))
    if len(plan.cheapest) > _MOST_RANGES:
        console.print(f"{len(plan.cheapest) - _MOST_RANGES} more ranges are in the JSON.")
    console.print("\nLeft out:")
    for text in list_left_out():
        console.print(f"- {text}")


def _make_cost_table(plan: "CostPlan") -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for load in list_loads(plan):
        own = " (yours)" if load == plan.load.mean else ""
        table.add_column(f"{write_load(load)}{own}", justify="right", no_wrap=True)
    for option in plan.options:
        costs = tabulate(plan)[option.name]
        table.add_row(
            escape(option.option.title),
            *("no choice" if cost is None else f"{cost:,.2f}" for cost in costs),
        )
    return table


def _make_range_table(plan: "CostPlan") -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for justify in ("right", "left", "right", "left"):
        table.add_column(justify=justify)
    for one in plan.cheapest[:_MOST_RANGES]:
        title = escape(plan.find_title(one.name))
        table.add_row(write_load(one.start), "to", write_load(one.end), title)
    return table
