"""The machine on which a comparison was made, as its page describes it."""

import os
import platform
import re
from pathlib import Path

from viewfinder_comparison.pinning import Cores
from viewfinder_comparison.results import Machine

_MODEL = re.compile(r"^model name\s*:\s*(.+)$", re.MULTILINE)


def describe_machine(cores: Cores) -> Machine:
    """Return the processor, the memory and the system of this machine.

    Args:
        cores: Which cores servers and clients have used.
    """
    return Machine(
        processor=_read_processor(),
        cores=len(cores.servers),
        client_cores=0 if cores.are_shared else len(cores.clients),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        system=f"{platform.system()} {platform.release().partition('-')[0]}",
        python=platform.python_version(),
    )


def _read_processor() -> str:
    """Return the processor's name; on arm64 the kernel gives none."""
    try:
        found = _MODEL.search(Path("/proc/cpuinfo").read_text("utf-8"))
    except OSError:
        found = None
    return found[1].strip() if found else platform.machine()
