"""What a user may set about the check."""

import math
from dataclasses import dataclass

from viewfinder_components.errors import PermanentError
from viewfinder_components.ranges import need_integer


@dataclass(frozen=True)
class CheckConfig:
    """What a user may set about the check.

    Raises:
        PermanentError: A value is out of its range.
    """

    tolerance: float = 0.02
    """Largest difference of a probability from the evaluation's, 0 to 1. The same bytes through the
    same decoder differ by rounding; another decoder or size shows at a few hundredths."""

    requests: int = 100
    """Requests of the latency measurement, at least 1; p99 of 100 is the second slowest."""

    max_p50_ms: float = 500.0
    """Limit of the median latency without waiting for a processor, in milliseconds: twenty times
    what 2 cores need."""

    max_p99_ms: float = 1000.0
    """Limit of the 99th percentile of latency without waiting for a processor, in milliseconds."""

    max_memory_mb: float = 512.0
    """Limit of the largest resident memory, in megabytes; below a pod's usual limit."""

    max_start_seconds: float = 60.0
    """Limit from the start of the process to its readiness without waiting for a processor, in
    seconds."""

    def __post_init__(self) -> None:
        self._need("tolerance", 0 <= self.tolerance <= 1)
        need_integer("requests", self.requests, 1)
        for name in ("max_p50_ms", "max_p99_ms", "max_memory_mb", "max_start_seconds"):
            value = getattr(self, name)
            self._need(name, math.isfinite(value) and value > 0)

    def _need(self, name: str, fits: bool) -> None:
        if not fits:
            raise PermanentError(
                f"{name} within its range", repr(getattr(self, name)), "see CheckConfig"
            )
