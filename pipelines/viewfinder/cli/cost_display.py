"""What a terminal, or a pipe, shows of a plan."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from viewfinder.cli.output import say
from viewfinder.cost import list_left_out
from viewfinder.markup import to_markup
from viewfinder.run_tables import print_table
from viewfinder_comparison.cost.cost_table import list_loads, tabulate
from viewfinder_comparison.cost.money import write_load

if TYPE_CHECKING:
    from viewfinder.cost import CostPlan

_MOST_RANGES = 12


def print_plan(plan: "CostPlan") -> None:
    """Print the costs at a few loads, which option to choose where, and what is left out."""
    console = Console()
    if plan.capacity:
        rate = write_load(plan.capacity.queries_per_second)
        say(f"One server answers {rate} queries per second: {plan.capacity.source}.")
    say(f"{plan.currency} a month, by mean queries per second:\n")
    print_table(console, _make_cost_table(plan))
    for one in plan.at_load:
        if one.misfit:
            say(f"{one.title} is no choice at your load: {one.misfit}.")
    say("\nThe cheapest, by mean queries per second:\n")
    print_table(console, _make_range_table(plan))
    if len(plan.cheapest) > _MOST_RANGES:
        say(f"{len(plan.cheapest) - _MOST_RANGES} more ranges are in the JSON.")
    say("\nLeft out:")
    for text in list_left_out():
        say(f"- {text}")


def _make_cost_table(plan: "CostPlan") -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for load in list_loads(plan):
        own = " (yours)" if load == plan.load.mean else ""
        table.add_column(f"{write_load(load)}{own}", justify="right", no_wrap=True)
    costs = tabulate(plan)
    for option in plan.options:
        table.add_row(
            to_markup(option.option.title),
            *("no choice" if cost is None else f"{cost:,.2f}" for cost in costs[option.name]),
        )
    return table


def _make_range_table(plan: "CostPlan") -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for justify in ("right", "left", "right", "left"):
        table.add_column(justify=justify)
    for one in plan.cheapest[:_MOST_RANGES]:
        title = to_markup(plan.find_title(one.name))
        table.add_row(write_load(one.start), "to", write_load(one.end), title)
    return table
