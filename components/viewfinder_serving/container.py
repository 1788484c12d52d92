"""The container's processor time and memory, beside its limits, as metrics."""

import os
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from viewfinder_components.control_groups import (
    cpu_limit,
    memory_limit,
    memory_use,
    read_throttling,
)


class ContainerCollector(Collector):
    """Reads this process's control group whenever the metrics are asked for.

    What the kernel does not tell, or where there is no limit, is left out.

    Args:
        root: Where the system's `proc` and `sys` are.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root

    def collect(self) -> Iterator[Metric]:
        """Yield what the control group says now."""
        if (throttling := read_throttling(self._root)) is not None:
            yield CounterMetricFamily(
                "viewfinder_container_cpu_periods",
                "Periods in which the container had work",
                throttling.periods,
            )
            yield CounterMetricFamily(
                "viewfinder_container_cpu_throttled_periods",
                "Periods in which the container used up its limit of processor time",
                throttling.throttled_periods,
            )
            yield CounterMetricFamily(
                "viewfinder_container_cpu_throttled_seconds",
                "Seconds for which the container's threads were stopped by that limit",
                throttling.seconds,
            )
        for name, text, value in (
            ("cpu_limit_cores", "Cores' time that the container may use", cpu_limit(self._root)),
            (
                "memory_bytes",
                "Memory that the container uses, without what the kernel can drop",
                memory_use(self._root),
            ),
            (
                "memory_limit_bytes",
                "Memory beyond which the container is killed",
                memory_limit(self._root),
            ),
        ):
            if value is not None:
                yield GaugeMetricFamily(f"viewfinder_container_{name}", text, value)


def process_age() -> float | None:
    """Return the seconds since this process was started; None where the kernel does not tell.

    `/proc/self/stat` has the start in ticks since the boot as its 22nd field: see proc(5). The name
    of the program, its second field, may contain spaces and ends with the last parenthesis.
    """
    try:
        fields = Path("/proc/self/stat").read_text("utf-8").rpartition(")")[2].split()
        now = float(Path("/proc/uptime").read_text("utf-8").split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return now - int(fields[19]) / os.sysconf("SC_CLK_TCK")
