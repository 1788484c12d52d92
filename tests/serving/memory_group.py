"""Run a process in a control group with a limit of memory, as a pod's container does."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import yaml
from tests.fixtures.control_group import control_group, enter_group

_RUNTIME = Path(__file__).parents[2] / "manifests/base/servingruntime-predictor.yaml"
MODEL_BYTES = 64 << 20
"""What a published model takes more than the one of the tests, which has no weights."""


class MemoryGroup:
    """A control group, of version 1 or 2."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def enter(self, command: list[str]) -> list[str]:
        """Return the command that runs another one in the group."""
        return enter_group(self.folder, command)

    def kills(self) -> int:
        """How often the kernel has ended a process of the group for want of memory."""
        for name in ("memory.events", "memory.oom_control"):
            with suppress(FileNotFoundError):
                lines = (self.folder / name).read_text().splitlines()
                return next(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
        raise FileNotFoundError(self.folder)


@contextmanager
def memory_group(limit: int) -> Iterator[MemoryGroup]:
    """Make a group that may use `limit` bytes, and remove it; skip the test where none can be."""
    unified = {"memory.max": str(limit), "memory.swap.max": "0"}
    with control_group("memory", unified, {"memory.limit_in_bytes": str(limit)}) as folder:
        yield MemoryGroup(folder)


def limit_of_the_runtime() -> int:
    """Return the memory limit of the ServingRuntime's container, in bytes."""
    container = yaml.safe_load(_RUNTIME.read_text())["spec"]["containers"][0]
    memory = container["resources"]["limits"]["memory"]
    number, unit = re.fullmatch(r"(\d+)([MG]i)", memory).groups()
    return int(number) << {"Mi": 20, "Gi": 30}[unit]
