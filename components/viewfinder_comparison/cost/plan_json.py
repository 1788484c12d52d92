"""A plan as JSON."""

from dataclasses import asdict
from typing import Any

from viewfinder_comparison.cost.cost_table import list_loads, tabulate
from viewfinder_comparison.cost.plan import (
    SCHEMA_VERSION,
    CostPlan,
    list_assumptions,
    list_left_out,
)


def plan_to_json(plan: CostPlan) -> dict[str, Any]:
    """Return the plan as JSON's types."""
    names = [option.name for option in plan.options]
    used = plan.prices.find_used(names)
    return {
        "schema_version": SCHEMA_VERSION,
        "currency": plan.currency,
        "load": {
            "mean": plan.load.mean,
            "peak": plan.load.mean * plan.load.peak if plan.load.mean is not None else None,
            "source": plan.load.source,
        },
        "highest_load": plan.highest_load,
        "capacity": asdict(plan.capacity) if plan.capacity else None,
        "terms": asdict(plan.terms),
        "options": [asdict(one) for one in plan.at_load],
        "costs": {"loads": list_loads(plan), "by_option": tabulate(plan)},
        "cheapest": [asdict(one) for one in plan.cheapest],
        "break_even": [asdict(one) for one in plan.break_even],
        "crossings": [asdict(one) for one in plan.crossings],
        "prices": {name: price.model_dump(mode="json") for name, price in used.items()},
        "assumptions": list_assumptions(plan),
        "left_out": list_left_out(),
        "warnings": list(plan.warnings),
    }
