"""A value made from files, and made again when they change."""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from viewfinder_components.errors import ViewfinderError

_log = logging.getLogger(__name__)

# A file system's clock may stand still for some milliseconds: what is written twice within them
# looks the same. So a file that has just changed is read again until it is this old.
_SETTLE_SECONDS = 1.0

Value = TypeVar("Value")


class ChangingFiles(Generic[Value]):
    """A value made from files. Thread-safe.

    The files are looked at whenever the value is wanted, which takes some microseconds. So a change
    counts from the next request on, also one by a symbolic link, as in a mounted Secret. If the
    files cannot be used any more, the last value stays, and the log says so.

    Args:
        name: What the value is, for the log.
        paths: The files.
        read: Makes the value.

    Raises:
        ViewfinderError: What `read` raises.
    """

    def __init__(self, name: str, paths: Sequence[Path], read: Callable[[], Value]) -> None:
        self._name = name
        self._paths = paths
        self._read = read
        self._lock = threading.Lock()
        self._complaint: str | None = None
        self._seen = self._look()
        self._value = read()

    def get(self) -> Value:
        """Return the value."""
        with self._lock:
            seen = self._look()
            if seen != self._seen:
                self._seen = seen
                self._read_again()
            return self._value

    def _look(self) -> tuple[object, ...]:
        """Return what differs after a change."""
        return tuple(map(_stamp, self._paths))

    def _read_again(self) -> None:
        try:
            value = self._read()
        except ViewfinderError as error:
            if str(error) != self._complaint:
                _log.warning("%s: the last ones stay in use: %s", self._name, error)
            self._complaint = str(error)
            return
        if value != self._value or self._complaint is not None:
            _log.info("%s: read again", self._name)
        self._value, self._complaint = value, None


def _stamp(path: Path) -> object:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    fresh = abs(time.time() - found.st_mtime) < _SETTLE_SECONDS
    return (
        found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns,
        time.monotonic_ns() if fresh else 0,
    )  # fmt: skip
