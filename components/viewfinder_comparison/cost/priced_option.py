"""What an option costs a month, at any load."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from viewfinder_comparison.cost.cold_starts import mean_wait, share_running, share_waiting
from viewfinder_comparison.cost.loads import Load
from viewfinder_comparison.cost.price_list import Option

Loads = NDArray[np.float64]
LATE_SHARE = 0.01
"""A 99th percentile leaves this share of the requests."""
_ROUNDING = 1 - 1e-12  # a load of exactly two replicas needs two, in spite of rounding


@dataclass(frozen=True)
class PricedOption:
    """An option with everything that its cost depends on, but the size of the load.

    Attributes:
        name: As the price file and the caller name it.
        option: Its entry in the price file.
        load: The shape of the load.
        replica_capacity: Queries per second that the plan gives one replica; infinite where the
            user sees no replicas.
        min_replicas: How many always run; 0 with scale to zero.
        start_seconds: From the request that starts a replica to its first answer.
        p99_ms: The latency that 99 of 100 requests must keep; None for any.
        replica_price: Of one replica for a month, in the currency of the prices.
        fixed_price: Of what does not depend on the load, for a month.
        query_price: Of one query per second for a month.
    """

    name: str
    option: Option
    load: Load
    replica_capacity: float
    min_replicas: int
    start_seconds: float
    p99_ms: int | None
    replica_price: float
    fixed_price: float
    query_price: float

    @property
    def stops(self) -> bool:
        """Whether it scales to zero, so that costs are no straight lines between steps."""
        return self.option.scaling == "zero"

    @cached_property
    def steps_a_part(self) -> tuple[float, ...]:
        """The different multiples of the mean load at which replicas are counted, above 0."""
        shape = (self.load.peak,) if self.option.scaling == "fixed" else self.load.shape
        return tuple(sorted({share for share in shape if share > 0}))

    def count_steps(self, highest: float) -> int:
        """Return how many steps the cost has up to a mean load; for a limit, not exact."""
        return int(sum(highest * share / self.replica_capacity for share in self.steps_a_part))

    def find_steps(self, highest: float) -> Loads:
        """Return the mean loads up to `highest` above which one more replica is needed.

        Returns:
            float64 `[steps]`, queries per second, rising.
        """
        if np.isinf(self.replica_capacity):
            return np.empty(0)
        first = max(self.min_replicas, 1)
        steps = [
            np.arange(first, highest * share / self.replica_capacity)
            * self.replica_capacity
            / share
            for share in self.steps_a_part
        ]
        return np.unique(np.concatenate([*steps, self._find_limits(highest)]))

    def count_replicas(self, means: Loads) -> NDArray[np.float64]:
        """Return the replicas in each part of the day, of which with scale to zero one may stop.

        Args:
            means: float64 `[loads]`, queries per second.

        Returns:
            float64 `[loads, parts]`.
        """
        loads = self.load.over_the_day(means)
        if np.isinf(self.replica_capacity):
            return np.zeros_like(loads)
        if self.option.scaling == "fixed":
            loads = np.broadcast_to(loads.max(axis=1, keepdims=True), loads.shape)
        needed = np.ceil(loads / self.replica_capacity * _ROUNDING)
        return np.maximum(needed, max(self.min_replicas, 1))

    def paid_replicas(self, means: Loads, at: Loads | None = None) -> Loads:
        """Return the replicas that are paid for, on average over the day.

        Args:
            means: float64 `[loads]`, queries per second.
            at: The mean loads with which replicas are counted, if others: the costs on one side of
                a step are those with the count on that side.

        Returns:
            float64 `[loads]`.
        """
        replicas = self.count_replicas(means if at is None else at)
        if self.stops:
            rates = self.load.over_the_day(means)
            replicas *= share_running(rates, self.option.idle_seconds, self.start_seconds)
        return np.asarray(replicas.mean(axis=1))

    def compute_costs(self, means: Loads, at: Loads | None = None) -> Loads:
        """Return the cost a month, in the currency of the prices; arguments as above."""
        paid = self.replica_price * self.paid_replicas(means, at)
        return np.asarray(self.fixed_price + paid + self.query_price * means)

    def share_waiting(self, means: Loads) -> Loads:
        """Return the share of the requests that wait for a start; 0 without scale to zero."""
        if not self.stops:
            return np.zeros_like(means)
        rates = self.load.over_the_day(means)
        shares = share_waiting(rates, self.option.idle_seconds, self.start_seconds)
        return np.asarray((shares * np.asarray(self.load.shape)).mean(axis=1))

    def mean_wait(self, mean: float) -> float:
        """Return how long a request waits that does, in seconds."""
        rates = self.load.over_the_day(np.array([mean]))[0]
        shares = share_waiting(rates, self.option.idle_seconds, self.start_seconds) * rates
        waits = mean_wait(rates, self.start_seconds)
        return float((waits * shares).sum() / shares.sum()) if shares.sum() else 0.0

    def fits(self, means: Loads) -> NDArray[np.bool_]:
        """Return whether it serves a load within the latency, with the replicas that it may have.

        Args:
            means: float64 `[loads]`, queries per second.
        """
        most = self.option.max_replicas
        few = True if most is None else self.count_replicas(means).max(axis=1) <= most
        return np.asarray(few & (self._is_in_time(means)))

    def explain_misfit(self, mean: float) -> str:
        """Return why it does not serve a load, in words."""
        means = np.array([mean])
        if not self._is_in_time(means)[0]:
            share = float(self.share_waiting(means)[0])
            return (
                f"{share:.0%} of the requests wait for a start, and a p99 of {self.p99_ms} ms "
                f"leaves {LATE_SHARE:.0%}"
            )
        needed = int(self.count_replicas(means).max())
        return (
            f"the busiest part of the day needs {needed:,} replicas of {self.option.max_replicas:,}"
        )

    def _is_in_time(self, means: Loads) -> NDArray[np.bool_]:
        if self.p99_ms is None or 1000 * self.start_seconds <= self.p99_ms:
            return np.ones(means.shape, np.bool_)
        return self.share_waiting(means) <= LATE_SHARE

    def _find_limits(self, highest: float) -> list[float]:
        """Return the mean load from which starts are rare enough: the share falls with the load."""
        from scipy.optimize import brentq

        if self._is_in_time(np.array([0.0]))[0] or not self._is_in_time(np.array([highest]))[0]:
            return []
        return [
            brentq(lambda mean: self.share_waiting(np.array([mean]))[0] - LATE_SHARE, 0, highest)
        ]
