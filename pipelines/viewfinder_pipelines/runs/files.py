"""Write a run's log and record even if the disk may be full."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from viewfinder_components.library_messages import strip_colors
from viewfinder_components.printable import make_printable
from viewfinder_components.writing import HOME, writing
from viewfinder_pipelines.runs.record import RECORD_FILE, RunResult

LOG_FILE = "log.txt"
_RESERVE = ".reserve"
_RESERVED_BYTES = 1 << 18  # room for a record of a few hundred classes
_log = logging.getLogger(__name__)


class RunLog:
    """A run's log. A full disk costs lines of it, not the run."""

    def __init__(self, run_dir: Path) -> None:
        self.path = run_dir / LOG_FILE
        # Unbuffered: unwritable output must not cause an error again with every later line.
        self._file = self.path.open("ab", buffering=0)
        self.lost = 0
        """How many lines could not be written."""

    def write(self, text: str) -> None:
        """Append text, as far as the disk allows."""
        try:
            # A step may print anything, and whoever shows the log has a terminal.
            self._file.write(make_printable(strip_colors(text), lines=True).encode())
        except OSError:
            self.lost += 1

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):
            self._file.close()


@contextmanager
def room_for_the_record(run_dir: Path) -> Iterator[None]:
    """Reserve room on the disk for a run's last record while the block runs.

    Raises:
        PermanentError: The disk is already full, or not writable.
    """
    reserve = run_dir / _RESERVE
    try:
        with writing(run_dir, *HOME), reserve.open("wb") as file:
            file.write(os.urandom(_RESERVED_BYTES))  # a file of zeros may take no room
            file.flush()
            os.fsync(file.fileno())
        yield
    finally:
        with suppress(OSError):
            reserve.unlink(missing_ok=True)


def save_so_far(result: RunResult, run_dir: Path) -> None:
    """Write the record of a run in progress; a full disk leaves the previous one."""
    with suppress(OSError):
        result.save(run_dir)


def save_at_the_end(result: RunResult, run_dir: Path) -> None:
    """Write the record of a run that has ended, in the room reserved for it."""
    try:
        result.save(run_dir)
    except OSError:
        (run_dir / _RESERVE).unlink(missing_ok=True)
        _save_or_tell(result, run_dir)


def _save_or_tell(result: RunResult, run_dir: Path) -> None:
    try:
        result.save(run_dir)
    except OSError as error:
        path = run_dir / RECORD_FILE
        _log.warning("The record %s could not be written (%s).", path, error.strerror or error)
