"""Run a process in a control group with a limit of memory, as a pod's container does."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.fixtures.control_group import control_group, enter_group


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
