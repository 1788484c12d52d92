"""Who is at work in a run's folder: a lock that the kernel gives back when its holder dies.

A process id would not do. After a kill the same number soon belongs to another process, and in a
container every first process is number 1.
"""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from viewfinder_components.errors import PermanentError

_FILE = "lock"
_PATIENCE = 3.0  # seconds; a killed run's steps and a `viewfinder show` hold it for moments only
# Some network file systems know no such locks: the process id in the record must do there.
_UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


@contextmanager
def held_run(run_dir: Path) -> Iterator[int]:
    """Hold a run's folder for this process and those that inherit the lock.

    Yields:
        The lock's file descriptor. Whoever inherits it holds the lock as well.

    Raises:
        PermanentError: Another process holds it.
    """
    descriptor = os.open(run_dir / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        _lock(descriptor, run_dir)
        yield descriptor
    finally:
        os.close(descriptor)


def is_held(run_dir: Path, process: int | None) -> bool:
    """Return whether a process is at work in a run's folder.

    Args:
        run_dir: The run's folder.
        process: The runner's process id, for file systems without locks.
    """
    try:
        descriptor = os.open(run_dir / _FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError as error:
        return error.errno in _UNSUPPORTED and _is_alive(process)
    finally:
        os.close(descriptor)
    return False


def _lock(descriptor: int, run_dir: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise PermanentError(
                    f"run {run_dir.name} to have ended",
                    "a process that is still at work on it",
                    f"wait until `viewfinder show {run_dir.name}` says that it has ended",
                ) from error
            time.sleep(0.05)
        except OSError as error:
            if error.errno in _UNSUPPORTED:
                return
            raise


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
