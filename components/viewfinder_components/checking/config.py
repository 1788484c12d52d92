"""What a user may set about the check."""

from dataclasses import dataclass

from viewfinder_components.ranges import need_integer, need_number


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
        need_number("tolerance", self.tolerance, 0, 1)
        need_integer("requests", self.requests, 1)
        for name in ("max_p50_ms", "max_p99_ms", "max_memory_mb", "max_start_seconds"):
            need_number(name, getattr(self, name), 0, above=True)
