"""How many replicas are paid for, and what they cost."""

import numpy as np
import pytest
from tests.unit.comparison.cost.conftest import PlanMaker

from viewfinder_comparison.cost.capacity import Capacity
from viewfinder_comparison.cost.loads import Load
from viewfinder_comparison.cost.planning import make_plan
from viewfinder_comparison.cost.price_files import read_prices
from viewfinder_comparison.cost.terms import Terms
from viewfinder_components.errors import ParameterError

DAY = Load((0.2, 0.2, 1.6, 2.0), mean=10.0)


@pytest.mark.parametrize(
    ("scaling", "replicas", "cost"),
    # 2, 2, 16 and 20 queries per second, 5 for each replica
    [("replicas", (1, 4), 100 * (1 + 1 + 4 + 4) / 4), ("fixed", (4, 4), 400)],
)
def test_a_day(scaling: str, replicas: tuple[int, int], cost: float, plan_of: PlanMaker) -> None:
    plan = plan_of({"a": {"capacity": 5, "price": 100, "scaling": scaling}}, load=DAY)
    (one,) = plan.at_load
    assert one.replicas == replicas
    assert one.cost == cost
    assert one.cost == one.replicas_cost + one.fixed_cost + one.queries_cost


def test_the_minimum_is_kept(plan_of: PlanMaker) -> None:
    plan = plan_of(
        {"a": {"capacity": 5, "price": 100}, "b": {"capacity": 5, "price": 100, "min_replicas": 4}},
        load=DAY,
        terms=Terms(min_replicas=3),
    )
    assert {one.name: one.replicas for one in plan.at_load} == {"a": (3, 4), "b": (4, 4)}


@pytest.mark.parametrize("utilization", [0.1, 0.5, 0.7, 1.0])
def test_replicas_are_exact_at_their_limits(utilization: float) -> None:
    plan = make_plan(
        read_prices(), Capacity(30, 2), Load(), Terms(utilization=utilization), ["gke-node"]
    )
    (option,) = plan.options
    for count in (1, 2, 3, 7, 10):
        full = count * 30 * utilization
        found = option.count_replicas(np.array([full, full * (1 + 1e-9)]))[:, 0]
        assert found.tolist() == [count, count + 1]


def test_capacity_grows_with_the_vcpus() -> None:
    plan = make_plan(read_prices(), Capacity(120, 4), Load(), Terms(utilization=1.0), ["gke-node"])
    assert plan.options[0].replica_capacity == 60, "2 of the 4 cores that were measured"


def test_what_an_option_costs_by_hand() -> None:
    plan = make_plan(read_prices(), Capacity(100, 2), Load(mean=20.0), Terms(), ["gke-node"])
    (one,) = plan.at_load
    node = 730 * (2 * 0.031611 + 8 * 0.004237)
    fixed = 730 * (0.10 + 0.025) + 2 * 0.10
    traffic = 20 * 730 * 3600 * (2.1e-5 * 0.008 + 1e-6 * 0.12)
    assert one.replicas_cost == pytest.approx(node)
    assert one.fixed_cost == pytest.approx(fixed)
    assert one.queries_cost == pytest.approx(traffic)


@pytest.mark.parametrize(
    "wrong",
    [{"utilization": 0}, {"utilization": 1.1}, {"utilization": float("nan")}, {"min_replicas": 0},
     {"p99_ms": 0}, {"utilization": True}],
)  # fmt: skip
def test_terms_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        Terms(**wrong)  # type: ignore[arg-type]
