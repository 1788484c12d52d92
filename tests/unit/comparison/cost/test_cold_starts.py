"""Scale to zero: the formulas against a replica that is simulated request by request."""

import numpy as np
import pytest
from tests.unit.comparison.cost.conftest import PlanMaker

from viewfinder_comparison.cost.cold_starts import mean_wait, share_running, share_waiting
from viewfinder_comparison.cost.loads import Load
from viewfinder_comparison.cost.terms import Terms


def simulate(rate: float, idle: float, start: float, requests: int) -> tuple[float, float, float]:
    """Return the share of time running, the share of requests waiting, and their mean wait."""
    arrivals = np.cumsum(np.random.default_rng(7).exponential(1 / rate, requests)).tolist()
    running, waits, up_from, stops = 0.0, [], 0.0, 0.0
    for time in arrivals:
        if time >= stops:  # nothing runs: this one starts it
            up_from = time + start
            running += start + idle
            stops = up_from + idle
            waits.append(start)
        elif time < up_from:
            waits.append(up_from - time)
        else:
            running += time + idle - stops
            stops = time + idle
    return running / arrivals[-1], len(waits) / requests, float(np.mean(waits))


@pytest.mark.parametrize(
    ("rate", "idle", "start"),
    [(0.01, 90.0, 60.0), (0.05, 30.0, 2.0), (0.001, 90.0, 600.0), (1.0, 2.0, 0.5), (0.2, 0.0, 3.0)],
)
def test_the_formulas_agree_with_a_simulation(rate: float, idle: float, start: float) -> None:
    running, waiting, wait = simulate(rate, idle, start, 200_000)
    rates = np.array([rate])
    assert share_running(rates, idle, start)[0] == pytest.approx(running, rel=0.02)
    assert share_waiting(rates, idle, start)[0] == pytest.approx(waiting, rel=0.02)
    assert mean_wait(rates, start)[0] == pytest.approx(wait, rel=0.02)


def test_the_limits() -> None:
    rates = np.array([0.0, 1e-9, 1e6])
    assert share_running(rates, 90, 60).tolist() == pytest.approx([0, 0, 1], abs=1e-6)
    assert share_waiting(rates, 90, 60).tolist() == pytest.approx([1, 1, 0], abs=1e-6)
    assert mean_wait(rates, 60).tolist() == pytest.approx([60, 60, 30], abs=1e-3)


def test_without_load_nothing_but_what_is_fixed_is_paid(plan_of: PlanMaker) -> None:
    plan = plan_of({"zero": {"capacity": 10, "price": 100, "fixed": 7, "scaling": "zero"}})
    loads = np.array([0.0, 1e-3, 1.0])
    costs = plan.options[0].compute_costs(loads)
    assert costs[0] == 7
    assert costs[2] == pytest.approx(107)
    # 90 s after each request and 2 s of start: 1 - 1 / (0.002 + exp(0.09))
    assert costs[1] == pytest.approx(7 + 100 * (1 - 1 / (0.002 + np.exp(0.09))))


def test_hours_without_load_are_not_paid(plan_of: PlanMaker) -> None:
    night = Load((0.0, 2.0), mean=5.0)
    option = {"capacity": 10, "price": 100}
    zero = plan_of({"a": {**option, "scaling": "zero"}}, load=night).at_load[0]
    kept = plan_of({"a": option}, load=night).at_load[0]
    assert zero.cost == pytest.approx(50)
    assert kept.cost == 100
    assert zero.replicas == (0, 1)


def test_with_a_latency_to_keep_rare_requests_rule_scale_to_zero_out(plan_of: PlanMaker) -> None:
    options = {
        "zero": {"capacity": 10, "price": 50, "scaling": "zero"},
        "kept": {"capacity": 10, "price": 60},
    }
    anyway = plan_of(options)
    wanted = plan_of(options, terms=Terms(p99_ms=100))
    assert anyway.cheapest[0].name == "zero"
    assert [one.name for one in wanted.cheapest][:2] == ["kept", "zero"]
    limit = np.array([wanted.cheapest[0].end])
    assert wanted.options[0].share_waiting(limit)[0] == pytest.approx(0.01, rel=1e-6)


def test_a_start_within_the_latency_rules_nothing_out(plan_of: PlanMaker) -> None:
    options = {"zero": {"capacity": 10, "price": 50, "scaling": "zero"}}
    plan = plan_of(options, terms=Terms(p99_ms=100), cold_start=0.09, load=Load(mean=0.001))
    assert plan.at_load[0].misfit is None
    slow = plan_of(options, terms=Terms(p99_ms=100), cold_start=0.11, load=Load(mean=0.001))
    assert slow.at_load[0].misfit == (
        "91% of the requests wait for a start, and a p99 of 100 ms leaves 1%"
    )
