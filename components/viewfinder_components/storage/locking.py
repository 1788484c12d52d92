"""Locks that the kernel gives back when their holder dies."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Some network file systems know no such locks. Publishing is correct without them: a rename
# decides who gets a number, and only leftovers of dead publishers stay. Of a run in progress, the
# process id in its record must do there.
_UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold the lock of the file `path`, which is made when missing; wait for it as long as needed.

    Yields:
        Whether the file is locked, and still there; False where locks are not supported.
    """
    with _opened(path) as descriptor:
        yield _lock(descriptor, fcntl.LOCK_EX)


@contextmanager
def locked_now(path: Path) -> Iterator[bool]:
    """Hold the lock of the file `path`, which is made when missing, or tell that it is taken.

    Yields:
        Whether the file is locked; False as well where locks are not supported.
    """
    with _opened(path) as descriptor:
        yield _lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, how: int) -> bool:
    return take_lock(descriptor, how) is True


def take_lock(descriptor: int, how: int) -> bool | None:
    """Lock an open file.

    Args:
        descriptor: The file.
        how: As `fcntl.flock` takes it.

    Returns:
        Whether it is locked now; False where another holds it and `how` does not wait, None where
        the file system knows no locks.
    """
    try:
        fcntl.flock(descriptor, how)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            return None
        raise
    return True
