"""Costs at a few round loads: what a terminal shows of the chart."""

import math

import numpy as np

from viewfinder_comparison.cost.plan import CostPlan

_DECADES = 3  # of loads below the highest


def list_loads(plan: CostPlan) -> list[float]:
    """Return mean loads, rising: powers of 10 up to the highest, and the plan's own."""
    top = math.floor(math.log10(plan.highest_load))
    loads = {10.0**power for power in range(top - _DECADES + 1, top + 1)}
    return sorted(loads | ({plan.load.mean} if plan.load.mean else set()))


def tabulate(plan: CostPlan) -> dict[str, list[float | None]]:
    """Return what each option costs a month at `list_loads`; None where it is no choice."""
    means = np.array(list_loads(plan))
    return {
        one.name: [
            float(cost) if fits else None
            for cost, fits in zip(one.compute_costs(means), one.fits(means), strict=True)
        ]
        for one in plan.options
    }
