"""Join options, prices, a capacity and a load."""

import math
from collections.abc import Mapping, Sequence

from viewfinder_comparison.cost.capacity import Capacity
from viewfinder_comparison.cost.loads import Load
from viewfinder_comparison.cost.price_list import Option, PriceList
from viewfinder_comparison.cost.priced_option import PricedOption
from viewfinder_comparison.cost.terms import Terms
from viewfinder_components.errors import UsageError
from viewfinder_components.spelling import spell


def price_options(
    prices: PriceList,
    names: Sequence[str],
    capacity: Capacity | None,
    load: Load,
    terms: Terms,
) -> list[PricedOption]:
    """Return the options with what they cost.

    Args:
        prices: The price file.
        names: Which of its options.
        capacity: What one server answers; None if every option has its own capacity.
        load: The shape of the load.
        terms: What the caller wants.

    Raises:
        UsageError: A capacity is missing, or the prices are not in one currency.
    """
    find_currency(prices, names)
    return [_price(name, prices, capacity, load, terms) for name in names]


def find_currency(prices: PriceList, names: Sequence[str]) -> str:
    """Return the currency of all prices that the options pay.

    Raises:
        UsageError: There are several.
    """
    currencies = sorted({price.currency for price in prices.find_used([*names]).values()})
    if len(currencies) > 1:
        raise UsageError(
            "prices in one currency",
            f"prices in {' and '.join(currencies)}",
            f"convert them, or compare fewer options ({spell('options')})",
        )
    return currencies[0] if currencies else "USD"


def _price(
    name: str, prices: PriceList, capacity: Capacity | None, load: Load, terms: Terms
) -> PricedOption:
    option = prices.options[name]
    started = capacity.cold_start_seconds if capacity else 0.0
    return PricedOption(
        name,
        option,
        load,
        _find_capacity(name, option, capacity, terms),
        0 if option.scaling == "zero" else max(option.min_replicas, terms.min_replicas),
        started + option.pod_start_seconds,
        terms.p99_ms,
        replica_price=_add(option.per_replica, prices),
        fixed_price=_add(option.fixed, prices),
        query_price=_add(option.per_query, prices),
    )


def _add(quantities: Mapping[str, float], prices: PriceList) -> float:
    return math.fsum(
        quantity * prices.prices[name].a_month for name, quantity in quantities.items()
    )


def _find_capacity(name: str, option: Option, capacity: Capacity | None, terms: Terms) -> float:
    if option.scaling == "queries":
        return math.inf
    share = option.utilization or terms.utilization
    if option.capacity is not None:
        return option.capacity * share
    if capacity is None:
        raise UsageError(
            f"what one server of the option {name} can answer",
            "neither a capacity nor a comparison",
            f"give {spell('queries_per_second', 'QUERIES')} or {spell('comparison', 'FILE')}, "
            "or set capacity for the option in the price file",
        )
    cores = option.vcpus or capacity.cores
    return capacity.queries_per_second * cores / capacity.cores * share
