"""The page of a plan."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from viewfinder_comparison.cost.crossings import evaluate
from viewfinder_comparison.cost.money import write_load, write_money
from viewfinder_comparison.cost.plan import CostPlan, list_assumptions, list_left_out
from viewfinder_comparison.cost.priced_option import Loads, PricedOption
from viewfinder_components.reports.charts import Line, Plot, Point, line_chart
from viewfinder_components.reports.page import render

_DECADES = 3  # of loads that the chart shows
_MOST_POINTS = 400  # of a line
_MOST_MARKS = 6
_LOWEST_SHOWN = 1e-4  # queries per second: one in three hours


def render_plan(plan: CostPlan) -> str:
    """Return the page: the decision, the chart, the costs at the load, the prices, the limits."""
    lowest = _choose_lowest(plan)
    return render(
        "viewfinder_comparison.cost/cost.html",
        plan=plan,
        chart=_draw_costs(plan, lowest),
        legend=[{"name": one.option.title, "text": ""} for one in plan.options],
        waiting=_draw_waiting(plan, lowest),
        day=_draw_day(plan),
        prices=plan.prices.find_used([one.name for one in plan.options]),
        ranges=plan.cheapest,
        assumptions=list_assumptions(plan),
        left_out=list_left_out(),
        money=lambda amount: write_money(amount, plan.currency),
        load=write_load,
    )


def _choose_lowest(plan: CostPlan) -> float:
    """Return where the chart starts: all break-even points are in it."""
    loads = [crossing.load for crossing in plan.break_even]
    lowest = min([plan.highest_load / 10**_DECADES, *(load / 4 for load in loads)])
    return float(max(lowest, min(_LOWEST_SHOWN, plan.highest_load / 10)))


def _draw_costs(plan: CostPlan, lowest: float) -> Markup:
    lines = []
    for number, option in enumerate(plan.options, 1):
        means, costs = _trace(option, lowest, plan.highest_load)
        if len(means):
            lines.append(Line(means, costs, number, label=option.option.title))
    shown = [one for one in plan.break_even if one.load >= lowest][:_MOST_MARKS]
    marks = (
        ()
        if plan.load.mean is None
        else ((plan.load.mean, f"your load, {write_load(plan.load.mean)}"),)
    )
    return line_chart(
        Plot(
            "Cost a month against queries per second",
            "mean queries per second",
            f"{plan.currency} a month",
            x_limits=(lowest, plan.highest_load),
            marks=marks,
            logarithmic="xy",
            wide=True,
            points=tuple(Point(one.load, one.cost, write_load(one.load)) for one in shown),
        ),
        lines,
    )


def _trace(option: PricedOption, lowest: float, highest: float) -> tuple[list[float], list[float]]:
    """Return the line of an option where it serves the load, with both ends of each step."""
    steps = option.find_steps(highest)
    steps = steps[steps > lowest]
    if len(steps) > _MOST_POINTS:
        means = np.geomspace(lowest, highest, _MOST_POINTS)
        return _keep_positive(means, evaluate(option, means), option.fits(means))
    edges = np.unique(np.concatenate([[lowest, highest], steps, np.geomspace(lowest, highest, 80)]))
    middles = (edges[:-1] + edges[1:]) / 2
    ends = [evaluate(option, side, middles) for side in (edges[:-1], edges[1:])]
    means = np.column_stack([edges[:-1], edges[1:]]).ravel()
    fits = np.repeat(option.fits(middles), 2)
    return _keep_positive(means, np.column_stack(ends).ravel(), fits)


def _keep_positive(
    means: Loads, costs: Loads, fits: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]"
) -> tuple[list[float], list[float]]:
    kept = fits & (costs > 0)  # a logarithmic axis has no 0
    return means[kept].tolist(), costs[kept].tolist()


def _draw_waiting(plan: CostPlan, lowest: float) -> Markup | None:
    """Draw which share of the requests waits for a start; None if no option stops."""
    stopping = {
        (one.option.idle_seconds, one.start_seconds): (number, one)
        for number, one in reversed([*enumerate(plan.options, 1)])
        if one.stops
    }
    if not stopping:
        return None
    means = np.geomspace(min(lowest, _LOWEST_SHOWN), 1, 200)
    lines = [
        Line(means.tolist(), one.share_waiting(means).tolist(), number)
        for number, one in stopping.values()
    ]
    return line_chart(
        Plot(
            "Share of requests that wait for a start",
            "mean queries per second",
            "share that waits",
            x_limits=(float(means[0]), 1.0),
            y_limits=(0, 1),
            logarithmic="x",
        ),
        lines,
    )


def _draw_day(plan: CostPlan) -> Markup | None:
    """Draw the load over the day; None if it is constant or its size unknown."""
    if plan.load.is_constant or plan.load.mean is None:
        return None
    hours, rates = _as_steps(plan.load.shape, plan.load.hours, plan.load.mean)
    plot = Plot(
        "The load over the day", "hour", "queries per second", x_limits=(0, plan.load.hours),
        y_limits=(0, 1.05 * max(rates)),
    )  # fmt: skip
    return line_chart(plot, [Line(hours, rates)])


def _as_steps(
    shape: Sequence[float], length: float, mean: float
) -> tuple[list[float], list[float]]:
    edges = np.linspace(0, length, len(shape) + 1)
    return np.repeat(edges, 2)[1:-1].tolist(), np.repeat(np.asarray(shape) * mean, 2).tolist()
