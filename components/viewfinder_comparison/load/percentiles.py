"""Percentiles of latencies, from raw samples."""

import numpy as np
from numpy.typing import NDArray

from viewfinder_comparison.results import Latency

_SHARES = (0.5, 0.95, 0.99, 0.999)


def summarize_latency(seconds: NDArray[np.float64]) -> Latency | None:
    """Return percentiles in milliseconds, None without samples.

    Each is a latency that was observed: with fewer than 1,000 samples, p99.9 is the longest.

    Args:
        seconds: float64 `[n]`.
    """
    if not len(seconds):
        return None
    # "inverted_cdf": the smallest sample that at least this share does not exceed.
    values = np.quantile(1e3 * seconds, _SHARES, method="inverted_cdf")
    p50, p95, p99, p99_9 = (round(float(value), 3) for value in values)
    return Latency(p50=p50, p95=p95, p99=p99, p99_9=p99_9)
