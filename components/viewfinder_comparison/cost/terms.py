"""What the caller wants of every option."""

from dataclasses import dataclass

from viewfinder_comparison.cost.price_list import LEAST_UTILIZATION
from viewfinder_components.errors import ParameterError
from viewfinder_components.ranges import need_integer
from viewfinder_components.spelling import spell

_MOST_REPLICAS = 10_000
_LONGEST_MS = 600_000


@dataclass(frozen=True)
class Terms:
    """What the caller wants of every option.

    Attributes:
        utilization: The share of a server's capacity that the plan uses, .01 to 1; the rest
            is headroom for arrivals that are not even, and for a replica that fails.
        min_replicas: How many always run, except in options that scale to zero.
        p99_ms: The latency that 99 of 100 requests must keep, in milliseconds; None for any.
    """

    utilization: float = 0.7
    min_replicas: int = 1
    p99_ms: int | None = None

    def __post_init__(self) -> None:
        """Refuse values out of range.

        Raises:
            ParameterError: One is.
        """
        share = self.utilization
        fits = isinstance(share, int | float) and not isinstance(share, bool)
        if not fits or not LEAST_UTILIZATION <= share <= 1:
            rule = f"a number from {LEAST_UTILIZATION} to 1"
            raise ParameterError("utilization", rule, share)
        need_integer(spell("min_replicas"), self.min_replicas, 1, _MOST_REPLICAS)
        if self.p99_ms is not None:
            need_integer(spell("p99_ms"), self.p99_ms, 1, _LONGEST_MS)
