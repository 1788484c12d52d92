"""Locks that the kernel releases when their holder dies."""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

# Some network file systems have no such locks. Publishing is correct without them: a rename
# decides who gets a number, and only leftovers of dead publishers remain. For a run in progress,
# the process ID in its record has to suffice.
_UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold a lock on the file `path`, which is made when missing; wait as long as needed.

    Yields:
        Whether the file is locked and still exists; False where locks are not supported.
    """
    with _opened(path) as descriptor:
        yield _lock(descriptor, fcntl.LOCK_EX)


@contextmanager
def locked_now(path: Path) -> Iterator[bool]:
    """Hold a lock on the file `path`, which is made when missing, or report that it is taken.

    Yields:
        Whether the file is locked; also False where locks are not supported.
    """
    with _opened(path) as descriptor:
        yield _lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def locked_in_passing(path: Path, when_taken: Callable[[], None]) -> Iterator[None]:
    """Hold a lock on a file that its holder removes at the end, with its folder.

    Args:
        path: The file; it and its folder are made when missing, at any moment.
        when_taken: Called if another process holds it; then waits for the lock, unless that raises.

    Raises:
        OSError: The file cannot be made.
    """
    while True:
        with _open_in_passing(path) as file:
            if take_lock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB) is False:
                when_taken()
                take_lock(file.fileno(), fcntl.LOCK_EX)
            # The holder that was waited for has removed the file: others may lock a new one.
            if _is_at(path, file.fileno()):
                yield
                return


def _open_in_passing(path: Path) -> TextIO:
    while True:
        # With exist_ok=True, mkdir raises if another process removes the folder at that moment.
        with suppress(FileExistsError):
            path.parent.mkdir(parents=True)
        try:
            return path.open("w", encoding="utf-8")
        except FileNotFoundError:  # another process has just removed the folder
            if path.parent.is_symlink():  # to a folder that does not exist: no retry creates it
                raise


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.fstat(descriptor).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False


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
        how: A flag of `fcntl.flock`.

    Returns:
        Whether it is now locked; False if another process holds it and `how` does not wait, None if
        the file system has no locks.
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
