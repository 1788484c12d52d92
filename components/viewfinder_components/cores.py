"""How many cores there are, and how many of them this process may use."""

import math
import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def core_numbers() -> list[int]:
    """Return the numbers of the cores on which this thread may run."""
    return sorted(os.sched_getaffinity(0))


def node_cores() -> int:
    """Return how many cores this process may run on, whatever its container's limit."""
    return len(core_numbers())


def usable_cores(quota: Path = _QUOTA) -> int:
    """Return this process's cores, by its affinity and its container's limit (cgroup v2).

    On a node of 64 cores, a pod limited to 2 that counted the node's would start 64 threads and be
    throttled; kserve's own count reads cgroup v1 only.

    Args:
        quota: The kernel's file with `<microseconds or max> <period>`.
    """
    cores = node_cores()
    try:
        limit, period = quota.read_text(encoding="utf-8").split()
        return max(1, min(cores, math.ceil(int(limit) / int(period))))
    except (OSError, ValueError):  # no cgroup v2, or "max": no limit
        return cores


def limited_cores(quota: Path = _QUOTA) -> int | None:
    """Return the cores that the container's limit leaves, None where it takes none away.

    For libraries that count cores themselves, and do so better where there is no limit.

    Args:
        quota: As for `usable_cores`.
    """
    cores = usable_cores(quota)
    return cores if cores < node_cores() else None
