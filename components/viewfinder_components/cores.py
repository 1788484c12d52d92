"""How many cores there are, and how many of them this process may use."""

import math
import os
from pathlib import Path

from viewfinder_components.control_groups import cpu_limit

_ROOT = Path("/")


def core_numbers() -> list[int]:
    """Return the numbers of the cores on which this thread may run."""
    return sorted(os.sched_getaffinity(0))


def node_cores() -> int:
    """Return how many cores this process may run on, whatever its container's limit."""
    return len(core_numbers())


def usable_cores(root: Path = _ROOT) -> int:
    """Return this process's cores, by its affinity and its container's limit, at least one.

    On a node of 64 cores, a pod limited to 2 that counted the node's would start 64 threads and be
    throttled. A fraction is rounded up: 500m is one core, and 1500m are two.

    Args:
        root: As for `cpu_limit`.
    """
    limit = cpu_limit(root)
    cores = node_cores()
    return cores if limit is None else max(1, min(cores, math.ceil(limit)))


def limited_cores(root: Path = _ROOT) -> int | None:
    """Return the cores that the container's limit leaves, None where it takes none away.

    For libraries that count cores themselves, and do so better where there is no limit.

    Args:
        root: As for `cpu_limit`.
    """
    cores = usable_cores(root)
    return cores if cores < node_cores() else None
