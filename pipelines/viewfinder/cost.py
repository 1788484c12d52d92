"""What serving costs, by load and by the way to serve."""

from collections.abc import Sequence
from pathlib import Path

from viewfinder.arguments import checked
from viewfinder_comparison.cost import capacity as capacities
from viewfinder_comparison.cost.capacity import Capacity
from viewfinder_comparison.cost.plan import CostPlan, OptionCost, list_left_out
from viewfinder_comparison.cost.price_files import read_packaged

__all__ = [
    "Capacity",
    "CostPlan",
    "OptionCost",
    "estimate_cost",
    "list_left_out",
    "read_capacity",
    "read_packaged",
]


@checked
def read_capacity(
    comparison: str | Path, server: str = "viewfinder", *, p99_ms: int | None = None
) -> Capacity:
    """Read what a server can answer from a measured comparison.

    Args:
        comparison: The file that `viewfinder compare` wrote, or its folder.
        server: The server's name in it.
        p99_ms: The latency that 99 of 100 requests must keep, in milliseconds: the capacity is the
            one within the largest measured limit that is not above it; None for the largest of all.

    Raises:
        UsageError: The comparison lacks the server, or a capacity within that latency.
        PermanentError: The file is missing, or no comparison.
    """
    return capacities.read_capacity(comparison, server, p99_ms)


@checked
def estimate_cost(
    capacity: Capacity | None = None,
    load: float | str | Path | None = None,
    *,
    prices: str | Path | None = None,
    options: Sequence[str] | None = None,
    utilization: float = 0.7,
    min_replicas: int = 1,
    p99_ms: int | None = None,
    highest_load: float | None = None,
) -> CostPlan:
    """Compare what ways to serve cost a month, and find where their costs cross.

    Args:
        capacity: What one server answers: `read_capacity` reads it from a comparison. None if every
            option in the price file has a capacity of its own.
        load: Queries per second all day, or a CSV file with a day's load (docs/cost.md); None if
            only costs against load are wanted.
        prices: A price file, whose entries replace the packaged ones of the same name; `book-2019`
            stands for the packaged prices of 2019 (docs/cost.md).
        options: Which options of the price file are compared; None for all.
        utilization: The share of a server's capacity that the plan uses, .01 to 1.
        min_replicas: How many replicas always run, except in options that scale to zero.
        p99_ms: The latency that 99 of 100 requests must keep, in milliseconds: scale to zero is no
            choice at loads at which more of them wait for a start.
        highest_load: Up to which mean load options are compared, in queries per second; None for
            five times the load or the largest replica.

    Raises:
        UsageError: A file is no price file or no day's load, an option is unknown, or a capacity is
            missing.
    """
    from viewfinder_comparison.cost.capacity import need_number
    from viewfinder_comparison.cost.load_curve import read_load_curve
    from viewfinder_comparison.cost.loads import Load
    from viewfinder_comparison.cost.planning import make_plan
    from viewfinder_comparison.cost.price_files import read_prices
    from viewfinder_comparison.cost.terms import Terms

    terms = Terms(utilization, min_replicas, p99_ms)
    if isinstance(load, str | Path):
        wanted = read_load_curve(Path(load))
    else:
        if load is not None:
            need_number("load", load, above_zero=True)
        wanted = Load(mean=load)
    return make_plan(read_prices(prices), capacity, wanted, terms, options, highest_load)
