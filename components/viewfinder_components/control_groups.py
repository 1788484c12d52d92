"""What the control groups of Linux allow this process, and what it uses: its container's share.

The files are described in https://docs.kernel.org/admin-guide/cgroup-v2.html and, for version 1,
in https://docs.kernel.org/scheduler/sched-bwc.html and admin-guide/cgroup-v1/memory.html.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path("/")
_UNIFIED = ""  # how /proc/self/cgroup names version 2, which has one tree for all controllers
_UNLIMITED = 2**60  # version 1 says "no limit" with a number near 2 ** 63


@dataclass(frozen=True)
class Throttling:
    """How the limit of processor time has acted so far.

    Attributes:
        periods: In how many of the scheduler's periods the container had work.
        throttled_periods: In how many of them it used up its limit.
        seconds: How long its threads were stopped.
    """

    periods: int
    throttled_periods: int
    seconds: float


def cpu_limit(root: Path = _ROOT) -> float | None:
    """Return how many cores' time this process may use, such as 0.5; None without a limit.

    Args:
        root: Where the system's `proc` and `sys` are.
    """
    limits = map(_read_cpu_limit, _find_folders("cpu", root))
    return min((limit for limit in limits if limit is not None), default=None)


def memory_limit(root: Path = _ROOT) -> int | None:
    """Return how many bytes this process may use; None without a limit.

    Args:
        root: As for `cpu_limit`.
    """
    limits = map(_read_memory_limit, _find_folders("memory", root))
    return min((limit for limit in limits if limit is not None), default=None)


def read_throttling(root: Path = _ROOT) -> Throttling | None:
    """Return how the limit of processor time has acted; None where the kernel does not tell.

    Args:
        root: As for `cpu_limit`.
    """
    for folder in _find_folders("cpu", root):
        values = _read_table(folder / "cpu.stat")
        microseconds, nanoseconds = values.get("throttled_usec"), values.get("throttled_time")
        seconds = nanoseconds / 1e9 if nanoseconds is not None else (microseconds or 0) / 1e6
        if (microseconds, nanoseconds) != (None, None):
            return Throttling(values.get("nr_periods", 0), values.get("nr_throttled", 0), seconds)
    return None


def memory_use(root: Path = _ROOT) -> int | None:
    """Return the bytes that the container uses and that the kernel cannot drop (the working set).

    Args:
        root: As for `cpu_limit`.
    """
    for folder in _find_folders("memory", root):
        text = _read(folder / "memory.current") or _read(folder / "memory.usage_in_bytes")
        if text.isdecimal():
            kinds = _read_table(folder / "memory.stat")
            droppable = kinds.get("total_inactive_file", kinds.get("inactive_file", 0))
            return max(0, int(text) - droppable)
    return None


def _read_cpu_limit(folder: Path) -> float | None:
    words = _read(folder / "cpu.max").split()
    if not words:
        words = [_read(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period")]
    numbers = [int(word) for word in words if word.isdecimal()]
    # "max", or in version 1 "-1", is no number here: there is no limit.
    return numbers[0] / numbers[1] if len(numbers) == 2 and numbers[1] else None


def _read_memory_limit(folder: Path) -> int | None:
    text = _read(folder / "memory.max") or _read(folder / "memory.limit_in_bytes")
    limit = int(text) if text.isdecimal() else _UNLIMITED
    return limit if limit < _UNLIMITED else None


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def _read_table(file: Path) -> dict[str, int]:
    rows = (line.split() for line in _read(file).splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdecimal()}


def _find_folders(controller: str, root: Path) -> Iterator[Path]:
    """Yield the folders of the groups that this process is in, from its own to the outermost."""
    groups: dict[str, str] = {}
    for line in _read(root / "proc/self/cgroup").splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        groups |= dict.fromkeys(controllers.split(","), path)
    for line in _read(root / "proc/self/mountinfo").splitlines():
        place, _, what = line.partition(" - ")
        kind, _, rest = what.partition(" ")
        if kind == "cgroup2":
            name = _UNIFIED
        elif kind == "cgroup" and controller in rest.rpartition(" ")[2].split(","):
            name = controller
        else:
            continue
        if name in groups:
            mounted, point = place.split()[3:5]
            yield from _climb(root / point.lstrip("/"), mounted, groups[name])


def _climb(point: Path, mounted: str, group: str) -> Iterator[Path]:
    """Yield a group's folder and those around it.

    Args:
        point: Where a part of the groups' tree is mounted.
        mounted: Which group is there: in a container without a namespace of its own, the process's.
        group: The process's group.
    """
    top = mounted.rstrip("/")
    inner = group.removeprefix(top) if f"{group}/".startswith(f"{top}/") else ""
    names = [name for name in inner.split("/") if name]
    if ".." in names:  # seen from another namespace
        names = []
    for number in range(len(names), -1, -1):
        yield point.joinpath(*names[:number])
