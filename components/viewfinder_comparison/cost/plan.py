"""The plan: options, loads and costs, and which option to choose where."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viewfinder_comparison.cost.capacity import Capacity
from viewfinder_comparison.cost.notes import ASSUMPTIONS, LEFT_OUT
from viewfinder_comparison.cost.price_list import PriceList
from viewfinder_comparison.cost.terms import Terms
from viewfinder_components.whole_files import write_text
from viewfinder_components.writing import need_file_or_nothing, writing

if TYPE_CHECKING:  # numpy is imported when there is something to compute
    from viewfinder_comparison.cost.crossings import Crossing, Range
    from viewfinder_comparison.cost.loads import Load
    from viewfinder_comparison.cost.priced_option import PricedOption

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class OptionCost:
    """What an option costs at one load.

    Attributes:
        name: The option's name.
        title: Its title.
        cost: A month, in the plan's currency.
        replicas_cost, fixed_cost, queries_cost: Its three parts.
        replicas: The fewest and the most that run; (0, 0) where the user sees none.
        paid_replicas: On average over the day.
        share_waiting: The share of the requests that wait for a start, 0 to 1.
        mean_wait_seconds: How long those wait on average.
        misfit: Why it does not serve the load as wanted, or None.
    """

    name: str
    title: str
    cost: float
    replicas_cost: float
    fixed_cost: float
    queries_cost: float
    replicas: tuple[int, int]
    paid_replicas: float
    share_waiting: float
    mean_wait_seconds: float
    misfit: str | None


@dataclass(frozen=True)
class CostPlan:
    """What serving costs a month, by option and load.

    Attributes:
        currency: Of all amounts, such as `USD`.
        options: The options, in the order of the price file.
        load: The shape and the mean of the load.
        highest_load: Mean queries per second up to which options are compared.
        capacity: What one server answers; None if each option says that itself.
        terms: What was wanted of every option.
        crossings: Every load at which the costs of two options cross.
        cheapest: Which option is the cheapest where.
        prices: The price file.
        warnings: Sentences about the prices.
    """

    currency: str
    options: "tuple[PricedOption, ...]"
    load: "Load"
    highest_load: float
    capacity: Capacity | None
    terms: Terms
    crossings: "tuple[Crossing, ...]"
    cheapest: "tuple[Range, ...]"
    prices: PriceList
    warnings: tuple[str, ...]

    @cached_property
    def at_load(self) -> tuple[OptionCost, ...]:
        """What each option costs at the load, the cheapest that serves it first; empty if None."""
        from viewfinder_comparison.cost.planning import cost_of

        if self.load.mean is None:
            return ()
        costs = [cost_of(option, self.load.mean) for option in self.options]
        return tuple(sorted(costs, key=lambda one: (one.misfit is not None, one.cost)))

    @property
    def break_even(self) -> "tuple[Crossing, ...]":
        """The crossings at which the cheapest option changes, not only the cheaper of two."""
        pairs = pairwise(self.cheapest)
        wanted = {(one.end, one.name, other.name) for one, other in pairs}
        found = ((c.load, c.cheaper_below, c.cheaper_above) for c in self.crossings)
        return tuple(c for c, key in zip(self.crossings, found, strict=True) if key in wanted)

    def find_title(self, name: str | None) -> str:
        """Return an option's title."""
        return next((one.option.title for one in self.options if one.name == name), "none of these")

    @property
    def html(self) -> str:
        """The plan as one self-contained page."""
        from viewfinder_comparison.cost.page import render_plan

        return render_plan(self)

    def save(self, path: str | Path) -> None:
        """Write the page.

        Args:
            path: The file; folders above it are created.

        Raises:
            PermanentError: It cannot be written.
        """
        page, remedy = Path(path), "name another file"
        need_file_or_nothing(page, remedy)
        with writing(page.parent, "the page", remedy):
            write_text(page, self.html)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as JSON's types; docs/cost.md describes them."""
        from viewfinder_comparison.cost.plan_json import plan_to_json

        return plan_to_json(self)


def list_assumptions(plan: CostPlan) -> list[str]:
    """Return what the plan takes as given, in sentences."""
    return [
        f"The plan uses {plan.terms.utilization:.0%} of a server's capacity, unless its option "
        "says otherwise.",
        *(text for fits, text in ASSUMPTIONS if fits(plan.options)),
    ]


def list_left_out() -> list[str]:
    """Return what the plan leaves out, in sentences."""
    return list(LEFT_OUT)
