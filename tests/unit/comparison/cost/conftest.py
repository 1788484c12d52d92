"""Options with round numbers."""

import datetime
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from viewfinder_comparison.cost.capacity import Capacity
from viewfinder_comparison.cost.loads import Load
from viewfinder_comparison.cost.plan import CostPlan
from viewfinder_comparison.cost.planning import make_plan
from viewfinder_comparison.cost.price_list import Option, Price, PriceList
from viewfinder_comparison.cost.terms import Terms

PlanMaker = Callable[..., CostPlan]


def make_prices(options: Mapping[str, Mapping[str, Any]]) -> PriceList:
    """Return a price file; an option has `price` (of a replica), `fixed` and `a_query`, a month."""
    prices, made = {}, {}
    for name, given in options.items():
        rest = dict(given)
        lines: dict[str, Any] = {"per_replica": {}, "fixed": {}, "per_query": {}}
        for key, table, unit in (
            ("price", "per_replica", "month"),
            ("fixed", "fixed", "month"),
            ("a_query", "per_query", "query per second and month"),
        ):
            if key in rest:
                price = f"{name} {key.removeprefix('a_')}"
                prices[price] = Price(
                    amount=rest.pop(key), unit=unit, currency="USD",  # type: ignore[arg-type]
                    date=datetime.date(2026, 1, 1), source="made up",
                )  # fmt: skip
                lines[table] = {price: 1}
        scaling = "replicas" if lines["per_replica"] else "queries"
        made[name] = Option(
            **{"title": name, "scaling": scaling, "utilization": 1.0, **lines, **rest}
        )
    return PriceList(schema_version=1, prices=prices, options=made)


@pytest.fixture
def plan_of() -> PlanMaker:
    def make(
        options: Mapping[str, Mapping[str, Any]],
        highest: float = 100.0,
        load: Load | None = None,
        terms: Terms | None = None,
        cold_start: float = 2.0,
    ) -> CostPlan:
        capacity = Capacity(10, 1, cold_start)
        return make_plan(
            make_prices(options), capacity, load or Load(), terms or Terms(), None, highest
        )

    return make
