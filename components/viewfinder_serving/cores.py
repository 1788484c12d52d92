"""How many cores this process may use."""

import math
import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(quota: Path = _QUOTA) -> int:
    """Return this process's cores, by its affinity and its container's limit (cgroup v2).

    kserve's own count reads cgroup v1 only; on a node of 64 cores a pod limited to 2 would start
    64 threads and be throttled.

    Args:
        quota: The kernel's file with `<microseconds or max> <period>`.
    """
    cores = len(os.sched_getaffinity(0))
    try:
        limit, period = quota.read_text(encoding="utf-8").split()
        return max(1, min(cores, math.ceil(int(limit) / int(period))))
    except (OSError, ValueError):  # no cgroup v2, or "max": no limit
        return cores
