"""How busy the node is: evidence that a verdict records with its measurements."""

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from viewfinder_components.control_groups import read_throttling
from viewfinder_components.cores import node_cores
from viewfinder_components.reports.formatting import plural


@dataclass(frozen=True)
class NodeReading:
    """The node and this process's control group at one moment.

    Attributes:
        at: The moment, in seconds of `time.monotonic`.
        throttled_seconds: How long the CPU limit has throttled the control group; None where
            there is no such limit or the kernel does not report it.
        pressure_seconds: How long at least one task on the node has waited for a processor
            (https://docs.kernel.org/accounting/psi.html); None where the kernel does not report it.
    """

    at: float
    throttled_seconds: float | None
    pressure_seconds: float | None

    @classmethod
    def now(cls) -> Self:
        """Read the kernel's files."""
        throttling = read_throttling()
        seconds = None if throttling is None else throttling.seconds
        return cls(time.monotonic(), seconds, _read_pressure())

    def since(self, earlier: "NodeReading") -> dict[str, Any]:
        """Return what happened since an earlier reading, for the verdict."""
        return {
            "seconds": round(self.at - earlier.at, 3),
            "throttled_seconds": _difference(self.throttled_seconds, earlier.throttled_seconds),
            "pressure_seconds": _difference(self.pressure_seconds, earlier.pressure_seconds),
            "load": round(os.getloadavg()[0], 2),
            "cores": node_cores(),
        }


def describe_node(evidence: dict[str, Any]) -> str:
    """Return the evidence of `NodeReading.since` in words."""
    throttled = evidence["throttled_seconds"]
    limit = f"; its CPU limit throttled it for {throttled:.1f} s" if throttled else ""
    return f"load {evidence['load']:.1f} on {plural(evidence['cores'], 'core')}{limit}"


def _difference(now: float | None, then: float | None) -> float | None:
    return None if now is None or then is None else round(now - then, 3)


def _read_pressure() -> float | None:
    try:
        found = re.search(
            r"^some .*total=(\d+)", Path("/proc/pressure/cpu").read_text(encoding="utf-8"), re.M
        )
    except OSError:
        return None
    return int(found[1]) / 1e6 if found else None
