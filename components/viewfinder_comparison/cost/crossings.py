"""Where the costs of options cross, and which option is the cheapest where.

Costs are straight lines between steps, so their crossings there are computed and not sampled; a
crossing may also be at a step, where one cost jumps over the other. The cost of scale to zero is a
smooth curve between steps: it is sampled finely, and each change of sign is refined with Brent's
method (`scipy.optimize.brentq`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from viewfinder_comparison.cost.priced_option import Loads, PricedOption

_SAMPLES = 2000  # of smooth costs, on a logarithmic scale
_LOWEST_SHARE = 1e-6  # of the highest load, where sampling starts
_EQUAL = 1e-9  # relative: costs closer than this are the same
_AT_ONCE = 2_000_000  # numbers in one array


@dataclass(frozen=True)
class Crossing:
    """A load at which the cheaper of two options changes."""

    load: float
    """Mean queries per second."""
    cheaper_below: str
    cheaper_above: str
    cost: float
    """Of both, a month; at a step the lower of the two costs of the option that jumps."""


@dataclass(frozen=True)
class Range:
    """Mean loads at which one option is the cheapest of those that serve them."""

    start: float
    end: float
    name: str | None
    """None: no option serves them."""


def find_edges(options: Sequence[PricedOption], highest: float) -> Loads:
    """Return the loads between which no cost has a step; from 0 to `highest`, rising."""
    edges = [np.array([0.0, highest]), *(one.find_steps(highest) for one in options)]
    if any(one.stops for one in options):
        edges.append(np.geomspace(highest * _LOWEST_SHARE, highest, _SAMPLES))
    return np.unique(np.concatenate(edges))


def find_crossings(options: Sequence[PricedOption], highest: float) -> list[Crossing]:
    """Return every load above 0 and up to `highest` at which two options' costs cross.

    Args:
        options: Two or more.
        highest: Mean queries per second.
    """
    found = []
    for one, other in combinations(options, 2):
        found += _cross(one, other, find_edges([one, other], highest))
    return sorted(found, key=lambda crossing: crossing.load)


def find_cheapest(
    options: Sequence[PricedOption], crossings: Sequence[Crossing], highest: float
) -> list[Range]:
    """Return which option to choose where, from 0 to `highest`.

    Args:
        options: One or more.
        crossings: Theirs.
        highest: Mean queries per second.
    """
    points = [crossing.load for crossing in crossings]
    edges = np.unique(np.concatenate([find_edges(options, highest), points]))
    costs = np.array([_feasible_costs(one, _middles(edges)) for one in options])
    best = np.where(np.isinf(costs.min(axis=0)), -1, costs.argmin(axis=0))
    changes = [0, *(np.flatnonzero(np.diff(best)) + 1), len(best)]
    return [
        Range(
            float(edges[first]),
            float(edges[last]),
            options[best[first]].name if best[first] >= 0 else None,
        )
        for first, last in pairwise(changes)
    ]


def evaluate(option: PricedOption, means: Loads, at: Loads | None = None) -> Loads:
    """Return an option's costs at many loads, some at a time, which bounds the memory."""
    many = max(1, _AT_ONCE // len(option.load.shape))
    parts = range(0, len(means), many)
    costs = [
        option.compute_costs(means[i : i + many], None if at is None else at[i : i + many])
        for i in parts
    ]
    return np.concatenate(costs) if costs else np.empty(0)


def _feasible_costs(option: PricedOption, means: Loads) -> Loads:
    many = max(1, _AT_ONCE // len(option.load.shape))
    fits = [option.fits(means[i : i + many]) for i in range(0, len(means), many)]
    return np.where(np.concatenate(fits), evaluate(option, means), np.inf)


def _middles(edges: Loads) -> Loads:
    return (edges[:-1] + edges[1:]) / 2


def _cross(one: PricedOption, other: PricedOption, edges: Loads) -> list[Crossing]:
    middles = _middles(edges)
    costs = [
        (evaluate(o, edges[:-1], middles), evaluate(o, edges[1:], middles)) for o in (one, other)
    ]
    ends = np.stack([costs[0][side] - costs[1][side] for side in (0, 1)], axis=1)
    scale = np.stack([costs[0][side] + costs[1][side] for side in (0, 1)], axis=1)
    signs = np.where(np.abs(ends) <= _EQUAL * scale, 0, np.sign(ends)).ravel()
    found = []
    known = np.flatnonzero(signs)
    for before, after in pairwise(known):
        if signs[before] != signs[after]:
            load = _locate(one, other, edges, middles, ends, int(before), int(after))
            names = (one.name, other.name) if signs[before] < 0 else (other.name, one.name)
            found.append(Crossing(load, *names, _cost_at(one, other, load)))
    return found


def _locate(
    one: PricedOption,
    other: PricedOption,
    edges: Loads,
    middles: Loads,
    ends: NDArray[np.float64],
    before: int,
    after: int,
) -> float:
    """Return where the sign changes between two ends of segments, counted two for a segment."""
    segment = before // 2
    if after // 2 != segment:  # at a step, or after a stretch of equal costs
        return float(edges[segment + 1])
    left, right = float(edges[segment]), float(edges[segment + 1])
    if not (one.stops or other.stops):
        low, high = ends[segment]
        return float(left + (right - left) * low / (low - high))
    from scipy.optimize import brentq

    at = middles[segment : segment + 1]

    def difference(mean: float) -> float:
        means = np.array([mean])
        return float(one.compute_costs(means, at)[0] - other.compute_costs(means, at)[0])

    return float(brentq(difference, left, right, xtol=1e-12))


def _cost_at(one: PricedOption, other: PricedOption, load: float) -> float:
    means = np.array([load])
    return float(min(one.compute_costs(means)[0], other.compute_costs(means)[0]))
