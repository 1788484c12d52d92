"""Run a process in a control group with a limit of memory, as a pod's container does."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

_ROOT = Path("/sys/fs/cgroup")


class MemoryGroup:
    """A control group, of version 1 or 2."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def enter(self, command: list[str]) -> list[str]:
        """Return the command that runs another one in the group."""
        procs = str(self.folder / "cgroup.procs")
        return ["sh", "-c", 'echo $$ > "$0" && exec "$@"', procs, *command]

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
    try:
        folder = _make(limit)
    except OSError as error:
        pytest.skip(f"this machine does not let the test limit memory by a control group: {error}")
    try:
        yield MemoryGroup(folder)
    finally:
        _remove(folder)


def _make(limit: int) -> Path:
    is_unified = (_ROOT / "cgroup.controllers").exists()
    if is_unified:
        (_ROOT / "cgroup.subtree_control").write_text("+memory")
    folder = (_ROOT if is_unified else _ROOT / "memory") / f"viewfinder-memory-{os.getpid()}"
    folder.mkdir()
    names = ["memory.max", "memory.swap.max"] if is_unified else ["memory.limit_in_bytes"]
    try:
        (folder / names[0]).write_text(str(limit))
        for name in names[1:]:
            with suppress(OSError):  # a kernel without swap has no such file
                (folder / name).write_text("0")
    except OSError:
        folder.rmdir()
        raise
    return folder


def _remove(folder: Path) -> None:
    for _ in range(100):
        try:
            folder.rmdir()
            return
        except OSError:  # the last process is still being taken out
            time.sleep(0.05)
    raise TimeoutError(f"{folder} is not empty")
