"""Where costs cross, and which option is the cheapest where."""

import itertools
import math

import numpy as np
import pytest
from tests.unit.comparison.cost.conftest import PlanMaker, make_prices

from viewfinder_comparison.cost.loads import Load
from viewfinder_comparison.cost.plan import CostPlan
from viewfinder_comparison.cost.planning import make_plan
from viewfinder_comparison.cost.price_files import read_prices
from viewfinder_comparison.cost.terms import Terms
from viewfinder_components.errors import UsageError


def test_the_books_numbers_give_the_books_break_even() -> None:
    plan = make_plan(read_prices("book-2019"), None, Load(), Terms())
    (crossing,) = plan.break_even
    assert crossing.load == pytest.approx(1500 / 116, rel=1e-12)
    assert round(crossing.load, 1) == 12.9
    assert (crossing.cheaper_below, crossing.cheaper_above) == ("managed", "own")
    assert crossing.cost == pytest.approx(1500)
    assert [one.name for one in plan.cheapest] == ["managed", "own"]


def test_the_books_machine_is_flat_up_to_its_capacity() -> None:
    plan = make_plan(read_prices("book-2019"), None, Load(), Terms())
    (own,) = [one for one in plan.options if one.name == "own"]
    loads = np.array([0.0, 0.1, 62.5, 62.6, 125, 125.1])
    assert own.compute_costs(loads).tolist() == [1500, 1500, 1500, 3000, 3000, 4500]


def test_costs_that_jump_over_each_other_cross_at_the_step(plan_of: PlanMaker) -> None:
    plan = plan_of(
        {"small": {"capacity": 10, "price": 100}, "large": {"capacity": 100, "price": 150}}
    )
    assert [(one.load, one.cheaper_above) for one in plan.break_even] == [(10, "large")]
    assert plan.break_even[0].cost == 100, "at 10 queries per second one small replica is enough"


def test_costs_may_cross_several_times(plan_of: PlanMaker) -> None:
    plan = plan_of(
        {"steps": {"capacity": 10, "price": 100}, "queries": {"a_query": 11, "fixed": 20}},
        highest=40,
    )
    found = [(round(one.load, 9), one.cheaper_above) for one in plan.break_even]
    assert found == [
        (round(80 / 11, 9), "steps"), (10, "queries"), (round(180 / 11, 9), "steps"),
        (20, "queries"), (round(280 / 11, 9), "steps"), (30, "queries"),
        (round(380 / 11, 9), "steps"),
    ]  # fmt: skip


def test_equal_costs_do_not_cross(plan_of: PlanMaker) -> None:
    plan = plan_of({"one": {"capacity": 10, "price": 5}, "other": {"capacity": 10, "price": 5}})
    assert plan.crossings == ()
    assert [one.name for one in plan.cheapest] == ["one"]


def test_a_step_after_a_stretch_of_equal_costs_is_found(plan_of: PlanMaker) -> None:
    plan = plan_of(
        {"one": {"capacity": 10, "price": 5}, "other": {"capacity": 20, "price": 5}}, highest=15
    )
    assert plan.crossings == (), "the first is never cheaper"
    assert [one.name for one in plan.cheapest] == ["one", "other"]


CURVES = {
    "constant": Load(),
    "two levels": Load((0.5, 1.5)),
    "a night without load": Load((0.0, 0.0, 2.5, 1.5)),
    "a day": Load(tuple(1 + 0.9 * math.sin(2 * math.pi * hour / 24) for hour in range(24))),
}


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize(
    ("first", "second"),
    [
        *itertools.combinations(
            [
                {"capacity": 7, "price": 100},
                {"capacity": 50, "price": 400, "fixed": 30},
                {"capacity": 9, "price": 120, "scaling": "zero"},
                {"a_query": 16},
                {"capacity": 20, "price": 150, "scaling": "fixed", "a_query": 3},
            ],
            2,
        )
    ],
)
def test_between_crossings_one_option_is_always_cheaper(
    curve: str, first: dict[str, float], second: dict[str, float], plan_of: PlanMaker
) -> None:
    """The property of all crossings, looked at on a grid that knows nothing of steps."""
    plan = plan_of({"first": first, "second": second}, highest=120, load=CURVES[curve])
    bounds = [0.0, *(one.load for one in plan.crossings), 120.0]
    names = [one.cheaper_below for one in plan.crossings] or [None]
    names += [plan.crossings[-1].cheaper_above] if plan.crossings else []
    options = {one.name: one for one in plan.options}
    for low, high, name in zip(bounds, bounds[1:], names, strict=False):
        width = high - low
        means = np.linspace(low + 1e-6 * width, high - 1e-6 * width, 211)
        difference = options["first"].compute_costs(means) - options["second"].compute_costs(means)
        signs = set(np.sign(np.where(np.abs(difference) < 1e-6, 0, difference))) - {0}
        assert len(signs) <= 1, f"between {low} and {high}"
        if name is not None and signs:
            assert signs == {-1.0 if name == "first" else 1.0}


@pytest.mark.parametrize("curve", CURVES)
def test_at_a_crossing_without_a_step_the_costs_are_equal(curve: str, plan_of: PlanMaker) -> None:
    options = {"zero": {"capacity": 50, "price": 100, "scaling": "zero"}, "queries": {"a_query": 9}}
    plan = plan_of(options, highest=40, load=CURVES[curve])
    zero, queries = plan.options
    steps = zero.find_steps(40)
    smooth = [one.load for one in plan.crossings if np.abs(steps - one.load).min(initial=9) > 1e-9]
    assert smooth
    means = np.array(smooth)
    assert zero.compute_costs(means) == pytest.approx(queries.compute_costs(means), rel=1e-6)


def test_the_cheapest_ranges_cover_everything_once(plan_of: PlanMaker) -> None:
    plan = plan_of(
        {
            "a": {"capacity": 7, "price": 100},
            "b": {"a_query": 16},
            "c": {"capacity": 60, "price": 500},
        },
        highest=100,
    )
    assert plan.cheapest[0].start == 0
    assert plan.cheapest[-1].end == 100
    for one, other in itertools.pairwise(plan.cheapest):
        assert one.end == other.start
        assert one.name != other.name


def test_where_no_option_serves_the_load_none_is_named(plan_of: PlanMaker) -> None:
    plan = plan_of({"one": {"capacity": 10, "price": 5, "max_replicas": 2}}, highest=30)
    assert [(one.start, one.end, one.name) for one in plan.cheapest] == [
        (0, 20, "one"), (20, 30, None),
    ]  # fmt: skip
    assert plan.find_title(None) == "none of these"


def test_loads_that_need_too_many_replicas_are_refused(plan_of: PlanMaker) -> None:
    with pytest.raises(UsageError, match="highest_load"):
        plan_of({"one": {"capacity": 0.001, "price": 5}}, highest=1e6)


def test_prices_in_two_currencies_are_refused() -> None:
    prices = make_prices({"one": {"capacity": 10, "price": 5}, "other": {"a_query": 9}})
    euros = prices.prices["other query"].model_copy(update={"currency": "EUR"})
    mixed = prices.model_copy(update={"prices": {**prices.prices, "other query": euros}})
    with pytest.raises(UsageError, match="EUR and USD"):
        make_plan(mixed, None, Load(), Terms())
    assert make_plan(mixed, None, Load(), Terms(), ["other"]).currency == "EUR"


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(UsageError, match="received nowhere"):
        make_plan(read_prices(), None, Load(), Terms(), ["nowhere"])


def test_a_missing_capacity_is_refused() -> None:
    with pytest.raises(UsageError, match="queries_per_second=QUERIES or comparison=FILE"):
        make_plan(read_prices(), None, Load(), Terms())


def test_a_load_that_is_no_choice_is_explained(plan_of: PlanMaker) -> None:
    plan: CostPlan = plan_of(
        {"one": {"capacity": 10, "price": 5, "max_replicas": 2}}, load=Load(mean=25.0)
    )
    assert plan.at_load[0].misfit == "the busiest part of the day needs 3 replicas of 2"
