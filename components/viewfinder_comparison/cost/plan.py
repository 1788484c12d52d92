"""The plan: options, loads and costs, and which option to choose where."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from viewfinder_comparison.cost.capacity import Capacity, need_number
from viewfinder_comparison.cost.crossings import Crossing, Range, find_cheapest, find_crossings
from viewfinder_comparison.cost.loads import Load
from viewfinder_comparison.cost.notes import ASSUMPTIONS, LEFT_OUT
from viewfinder_comparison.cost.price_files import warn_of_age
from viewfinder_comparison.cost.price_list import PriceList
from viewfinder_comparison.cost.priced_option import PricedOption
from viewfinder_comparison.cost.pricing import find_currency, price_options
from viewfinder_comparison.cost.terms import Terms
from viewfinder_components.errors import UsageError
from viewfinder_components.spelling import spell
from viewfinder_components.whole_files import write_text
from viewfinder_components.writing import need_file_or_nothing, writing

SCHEMA_VERSION = 1
_DEFAULT_RANGE = 5  # times the load, or the largest replica
_DEFAULT_HIGHEST = 100.0  # queries per second, without a load or a replica
_MOST_WORK = 20_000_000  # steps of the costs times parts of the day


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
    options: tuple[PricedOption, ...]
    load: Load
    highest_load: float
    capacity: Capacity | None
    terms: Terms
    crossings: tuple[Crossing, ...]
    cheapest: tuple[Range, ...]
    prices: PriceList
    warnings: tuple[str, ...]

    @cached_property
    def at_load(self) -> tuple[OptionCost, ...]:
        """What each option costs at the load, the cheapest that serves it first; empty if None."""
        if self.load.mean is None:
            return ()
        costs = [_cost_of(option, self.load.mean) for option in self.options]
        return tuple(sorted(costs, key=lambda one: (one.misfit is not None, one.cost)))

    @property
    def break_even(self) -> tuple[Crossing, ...]:
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


def make_plan(
    prices: PriceList,
    capacity: Capacity | None,
    load: Load,
    terms: Terms,
    names: Sequence[str] | None = None,
    highest_load: float | None = None,
) -> CostPlan:
    """Compare what options cost.

    Args:
        prices: The price file.
        capacity: What one server answers.
        load: The load.
        terms: What is wanted of every option.
        names: The options to compare; None for all of the price file.
        highest_load: Up to which mean load, in queries per second; None for five times the load or
            the largest replica.

    Raises:
        UsageError: An option is unknown, a capacity is missing, prices are in several currencies,
            or the highest load takes too many replicas.
    """
    chosen = _choose(prices, names)
    options = price_options(prices, chosen, capacity, load, terms)
    if highest_load is not None:
        need_number("highest_load", highest_load, above_zero=True)
    highest = highest_load or _choose_highest(options, load)
    _limit_work(options, load, highest)
    crossings = find_crossings(options, highest)
    today = datetime.datetime.now(datetime.UTC).date()
    warning = warn_of_age(prices, [*prices.find_used(chosen)], today)
    return CostPlan(
        find_currency(prices, chosen),
        tuple(options),
        load,
        highest,
        capacity,
        terms,
        tuple(crossings),
        tuple(find_cheapest(options, crossings, highest)),
        prices,
        (warning,) if warning else (),
    )


def list_assumptions(plan: CostPlan) -> list[str]:
    """Return what the plan takes as given, in sentences."""
    return [
        f"A server is planned with {plan.terms.utilization:.0%} of its capacity, unless its option "
        "says otherwise.",
        *(text for fits, text in ASSUMPTIONS if fits(plan.options)),
    ]


def list_left_out() -> list[str]:
    """Return what the plan leaves out, in sentences."""
    return list(LEFT_OUT)


def _choose(prices: PriceList, names: Sequence[str] | None) -> list[str]:
    chosen = list(dict.fromkeys(names or prices.options))
    if unknown := [name for name in chosen if name not in prices.options]:
        raise UsageError(
            f"options of the price file: {', '.join(prices.options)}",
            ", ".join(unknown),
            f"correct {spell('options')}",
        )
    return chosen


def _choose_highest(options: Sequence[PricedOption], load: Load) -> float:
    replicas = [one.replica_capacity for one in options if np.isfinite(one.replica_capacity)]
    largest = max([load.mean or 0.0, *replicas])
    return _DEFAULT_RANGE * largest if largest else _DEFAULT_HIGHEST


def _limit_work(options: Sequence[PricedOption], load: Load, highest: float) -> None:
    steps = sum(one.count_steps(highest) for one in options)
    if steps * len(load.shape) > _MOST_WORK:
        raise UsageError(
            f"loads up to {highest:,.4g} queries per second to need fewer replicas",
            f"{steps:,} steps of the costs in {len(load.shape):,} parts of the day",
            f"set a lower {spell('highest_load')} or a larger capacity, or give a load by the hour",
        )


def _cost_of(option: PricedOption, mean: float) -> OptionCost:
    means = np.array([mean])
    counts = option.count_replicas(means)
    paid = float(option.paid_replicas(means)[0])
    fewest = 0 if option.stops else int(counts.min())
    return OptionCost(
        option.name,
        option.option.title,
        float(option.compute_costs(means)[0]),
        option.replica_price * paid,
        option.fixed_price,
        option.query_price * mean,
        (fewest, int(counts.max())),
        paid,
        float(option.share_waiting(means)[0]),
        option.mean_wait(mean) if option.stops else 0.0,
        None if option.fits(means)[0] else option.explain_misfit(mean),
    )
