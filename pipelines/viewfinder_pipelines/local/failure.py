"""Why a run on this machine failed, where the step itself could not tell."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError
from viewfinder_pipelines.runs.completion import TAIL_LINES
from viewfinder_pipelines.runs.record import RunError

_SHELL_SIGNAL = 128  # a shell's exit code for a process that a signal ended, less the signal
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
    """Say which signal ended a process, and what that most likely means.

    Args:
        exit_code: As a shell has it, or minus the signal.
        what: The process, such as `"step train"`.
        memory_kills: How many processes the kernel has killed meanwhile for want of memory.

    Returns:
        The error to show; None when no signal ended it.
    """
    number = _signal_number(exit_code)
    if number is None:
        return None
    name = f"signal {number.value} ({number.name})"
    expected = f"{what} to run to its end"
    if number == signal.SIGKILL and memory_kills:
        return TransientError(
            expected,
            f"{name} from the kernel, because memory had run out",
            "close other programs or raise the memory limit, then resume the run; a new run with "
            "a smaller batch_size or image_size needs less",
        )
    if number == signal.SIGKILL:
        return TransientError(
            expected,
            f"{name}: it was killed from outside, as a rule because memory or a container's "
            "memory limit was used up",
            "look at the system's log (`dmesg`), give it more memory if that was the cause, then "
            "resume the run; a new run with a smaller batch_size or image_size needs less",
        )
    if number in _FROM_OUTSIDE:
        return TransientError(expected, f"{name} from outside", "resume the run")
    return PermanentError(
        expected,
        f"{name}: a library crashed",
        "look at the last lines of the log; reinstall the requirements if they do not tell, and "
        "report it if it stays",
    )


def explain_full_disk(folder: Path) -> ViewfinderError | None:
    """Say that the disk of `folder` is full; None when it is not."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return None
    bytes_left = disk.f_bavail * disk.f_frsize
    if bytes_left >= _FULL_BYTES and (disk.f_favail or not disk.f_files):
        return None
    received = f"{bytes_left:,} bytes left" if bytes_left < _FULL_BYTES else "no free inode"
    return PermanentError(
        f"room on the disk of {folder}",
        received,
        "make room, or set VIEWFINDER_HOME to a folder on a larger disk, and run again",
    )


def explain_lost_outputs(what: str, tail: Sequence[str]) -> ViewfinderError:
    """Say that a step did its work, and KFP could not write down what it put out.

    Args:
        what: The step, such as `"step train"`.
        tail: The last lines of its output.
    """
    return PermanentError(
        f"the outputs of {what}, which had done its work, to be written down",
        next((line.strip() for line in reversed(tail) if line.strip()), "no output"),
        "see that the disk has room and VIEWFINDER_HOME can be written, then resume the run",
    )


def as_run_error(error: ViewfinderError, step: str | None, tail: Sequence[str]) -> RunError:
    """Return an error as a run's record holds it."""
    retryable = isinstance(error, TransientError)
    return RunError(step, str(error), retryable, tuple(tail[-TAIL_LINES:]))


def _signal_number(exit_code: int) -> signal.Signals | None:
    try:
        return signal.Signals(-exit_code if exit_code < 0 else exit_code - _SHELL_SIGNAL)
    except ValueError:
        return None
