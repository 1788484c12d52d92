"""How much processor time a process got, and how long it waited for a processor.

For every thread, the kernel records the time it ran and the time it was ready to run but did not:
queued behind other work, or throttled by its control group's CPU limit. For the rest of the
wall-clock time the thread had nothing to do or was blocked. See `/proc/<pid>/schedstat` in
https://docs.kernel.org/scheduler/sched-stats.html

A kernel without these figures (gVisor, or Linux with `CONFIG_SCHED_INFO` off) still counts
processor time in ticks and shows whether a thread wants to run: see `/proc/<pid>/stat` in proc(5).
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_NANOSECONDS = 1e-9
_TICK = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
_WANTING = ("R", "D")  # running or ready to run; waiting for a disk


@dataclass(frozen=True)
class Spent:
    """What happened between two readings of one process.

    Attributes:
        cpu_seconds: Processor time of all its threads.
        waiting_seconds: Total time that its threads were ready to run but did not; 0 where the
            kernel does not report it.
    """

    cpu_seconds: float = 0.0
    waiting_seconds: float = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            self.cpu_seconds + other.cpu_seconds, self.waiting_seconds + other.waiting_seconds
        )

    def own_seconds(self, wall_seconds: float) -> float:
        """Return how long a piece of work would have taken if a processor had always been free.

        Threads that wait at the same time are counted more than once, so subtracting the wait alone
        would remove too much; the work needs at least its processor time.

        Args:
            wall_seconds: How long it took in wall-clock time.
        """
        apart = max(wall_seconds - self.waiting_seconds, self.cpu_seconds)
        return min(wall_seconds, apart)


@dataclass(frozen=True)
class ProcessorReading:
    """The threads of a process at one moment.

    Attributes:
        threads: For each thread: nanoseconds run, and nanoseconds ready to run.
        wanting: Whether a thread is running, ready to run or waiting for a disk.
    """

    threads: dict[int, tuple[int, int]]
    wanting: bool

    @classmethod
    def of(cls, pid: int, leaving_out: int | None = None) -> Self:
        """Read a process; one that has ended has no threads.

        Args:
            pid: The process.
            leaving_out: A thread that does not count.
        """
        return cls.read(Path(f"/proc/{pid}/task"), leaving_out)

    @classmethod
    def read(cls, folder: Path, leaving_out: int | None = None) -> Self:
        """Read what the kernel reports on a process's threads, one subfolder each.

        Args:
            folder: `/proc/<pid>/task`; if it is missing, there are no threads.
            leaving_out: A thread that does not count.
        """
        threads, wanting = {}, False
        for task in _list_tasks(folder):
            if task.name == str(leaving_out):
                continue
            try:
                state, ticks = _read_stat(task)
            except (OSError, ValueError, IndexError):  # the thread has ended
                continue
            ran, ready = _read_schedstat(task)
            threads[int(task.name)] = (ran or ticks * _TICK, ready)
            wanting = wanting or state in _WANTING
        return cls(threads, wanting)

    def since(self, earlier: "ProcessorReading") -> Spent:
        """Return what the process spent since an earlier reading."""
        ran = ready = 0
        for thread, (now_ran, now_ready) in self.threads.items():
            then_ran, then_ready = earlier.threads.get(thread, (0, 0))
            ran += now_ran - then_ran
            ready += now_ready - then_ready
        return Spent(ran * _NANOSECONDS, ready * _NANOSECONDS)


def _list_tasks(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _read_stat(task: Path) -> tuple[str, int]:
    """Return a thread's state, and its processor time in user and kernel mode in ticks."""
    # Everything before the last bracket is the thread's name, which may contain anything.
    fields = (task / "stat").read_text().rpartition(")")[2].split()
    return fields[0], int(fields[11]) + int(fields[12])


def _read_schedstat(task: Path) -> tuple[int, int]:
    """Return nanoseconds run and nanoseconds ready to run; zeros if not reported by the kernel."""
    try:
        ran, ready = (task / "schedstat").read_text().split()[:2]
        return int(ran), int(ready)
    except (OSError, ValueError):
        return 0, 0
