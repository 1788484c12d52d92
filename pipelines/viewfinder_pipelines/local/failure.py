"""Why a local run failed, if the step itself could not report it."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError
from viewfinder_pipelines.runs.completion import TAIL_LINES
from viewfinder_pipelines.runs.record import RunError

_SHELL_SIGNAL = 128  # a shell's exit code for a process ended by a signal, minus the signal
_FULL_BYTES = 1 << 16
_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGXCPU)
_VMSTAT = Path("/proc/vmstat")


def count_memory_kills() -> int:
    """Return how many processes the kernel has killed because memory ran out; 0 if unknown."""
    try:
        counters = dict(line.split() for line in _VMSTAT.read_text(encoding="utf-8").splitlines())
        return int(counters.get("oom_kill", 0))
    except (OSError, ValueError):
        return 0


def explain_signal(exit_code: int, what: str, memory_kills: int) -> ViewfinderError | None:
    """Report which signal ended a process, and what that most likely means.

    Args:
        exit_code: As reported by a shell, or minus the signal.
        what: The process, such as `"step train"`.
        memory_kills: How many processes the kernel has killed meanwhile for lack of memory.

    Returns:
        The error to show; None if no signal ended it.
    """
    number = _signal_number(exit_code)
    if number is None:
        return None
    name = f"signal {number.value} ({number.name})"
    expected = f"{what} to run to completion"
    if number == signal.SIGKILL and memory_kills:
        return TransientError(
            expected,
            f"{name} from the kernel, because memory ran out",
            "close other programs or raise the memory limit, then resume the run; a new run with "
            "a smaller batch_size or image_size needs less memory",
        )
    if number == signal.SIGKILL:
        return TransientError(
            expected,
            f"{name}: it was killed from outside, usually because memory or a container's "
            "memory limit was used up",
            "check the system's log (`dmesg`), provide more memory if that was the cause, then "
            "resume the run; a new run with a smaller batch_size or image_size needs less memory",
        )
    if number in _FROM_OUTSIDE:
        return TransientError(expected, f"{name} from outside", "resume the run")
    return PermanentError(
        expected,
        f"{name}: a library crashed",
        "see the last lines of the log; if they do not explain it, reinstall the requirements, and "
        "report it if it persists",
    )


def explain_full_disk(folder: Path) -> ViewfinderError | None:
    """Report that the disk of `folder` is full; None if it is not."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return None
    bytes_left = disk.f_bavail * disk.f_frsize
    if bytes_left >= _FULL_BYTES and (disk.f_favail or not disk.f_files):
        return None
    received = f"{bytes_left:,} bytes left" if bytes_left < _FULL_BYTES else "no free inode"
    return PermanentError(
        f"space on the disk of {folder}",
        received,
        "free some space, or set VIEWFINDER_HOME to a folder on a larger disk, and try again",
    )


def explain_lost_outputs(what: str, tail: Sequence[str]) -> ViewfinderError:
    """Report that a step did its work, but KFP could not write its outputs.

    Args:
        what: The step, such as `"step train"`.
        tail: The last lines of its output.
    """
    return PermanentError(
        f"the outputs of {what}, which had finished its work, to be written",
        next((line.strip() for line in reversed(tail) if line.strip()), "no output"),
        "check that the disk has space and VIEWFINDER_HOME is writable, then resume the run",
    )


def as_run_error(error: ViewfinderError, step: str | None, tail: Sequence[str]) -> RunError:
    """Return an error in the form of a run's record."""
    retryable = isinstance(error, TransientError)
    return RunError(step, str(error), retryable, tuple(tail[-TAIL_LINES:]))


def _signal_number(exit_code: int) -> signal.Signals | None:
    try:
        return signal.Signals(-exit_code if exit_code < 0 else exit_code - _SHELL_SIGNAL)
    except ValueError:
        return None
