"""Make a plan of options, prices, a capacity and a load."""

import datetime
from collections.abc import Sequence

import numpy as np

from viewfinder_comparison.cost.capacity import Capacity, need_number
from viewfinder_comparison.cost.crossings import find_cheapest, find_crossings
from viewfinder_comparison.cost.loads import Load
from viewfinder_comparison.cost.plan import CostPlan, OptionCost
from viewfinder_comparison.cost.price_files import warn_of_age
from viewfinder_comparison.cost.price_list import PriceList
from viewfinder_comparison.cost.priced_option import PricedOption
from viewfinder_comparison.cost.pricing import find_currency, price_options
from viewfinder_comparison.cost.terms import Terms
from viewfinder_components.errors import UsageError
from viewfinder_components.spelling import spell

_DEFAULT_RANGE = 5  # times the load, or the largest replica
_DEFAULT_HIGHEST = 100.0  # queries per second, without a load or a replica
_MOST_WORK = 20_000_000  # steps of the costs times parts of the day


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


def cost_of(option: PricedOption, mean: float) -> OptionCost:
    """Return what an option costs at one mean load, in queries per second."""
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
