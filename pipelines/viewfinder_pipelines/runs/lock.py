"""Whether a process is working in a run's folder: a lock that the kernel releases on its death.

A process ID would not suffice. After a kill the same number soon belongs to another process, and
in a container every first process is number 1.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from viewfinder_components.errors import PermanentError
from viewfinder_components.spelling import write_command
from viewfinder_components.storage.locking import take_lock
from viewfinder_components.writing import HOME, writing

_FILE = "lock"
_PATIENCE = 3.0  # seconds; a killed run's steps and `viewfinder show` hold it only briefly


@contextmanager
def held_run(run_dir: Path) -> Iterator[int]:
    """Lock a run's folder for this process and those that inherit the lock.

    Yields:
        The lock's file descriptor. Processes that inherit it hold the lock too.

    Raises:
        PermanentError: Another process holds it, or it cannot be written.
    """
    with writing(run_dir, *HOME):
        descriptor = os.open(run_dir / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        _lock(descriptor, run_dir)
        yield descriptor
    finally:
        os.close(descriptor)


def is_held(run_dir: Path, process: int | None) -> bool:
    """Return whether a process is working in a run's folder.

    Args:
        run_dir: The run's folder.
        process: The runner's process ID, for file systems without locks.
    """
    try:
        descriptor = os.open(run_dir / _FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        is_free = take_lock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return _is_alive(process) if is_free is None else not is_free


def _lock(descriptor: int, run_dir: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while take_lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB) is False:
        if time.monotonic() > deadline:
            raise PermanentError(
                f"run {run_dir.name} to have ended",
                "a process that is still working on it",
                f"wait until `{write_command('show', run_dir.name)}` shows that it has ended",
            )
        time.sleep(0.05)


def _is_alive(process: int | None) -> bool:
    if process is None:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
