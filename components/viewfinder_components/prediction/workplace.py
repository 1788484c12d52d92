"""Where unfinished work is kept on this machine; one process works in it at a time."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from viewfinder_components.errors import TransientError
from viewfinder_components.storage.locking import locked_in_passing

_LOCK = "lock"


@dataclass(frozen=True)
class Workplace:
    """A folder for the unfinished work of one output; the jobs have folders in it.

    Attributes:
        folder: The folder, which is there while there is work in it.
        output: What the predictions are for, for the error.
    """

    folder: Path
    output: str

    @contextmanager
    def hold(self) -> Iterator[Path]:
        """Make the folder and lock it; at the end, remove it unless a job has left something.

        Raises:
            TransientError: Another process works in it.
            OSError: It cannot be made.
        """
        try:
            with locked_in_passing(self.folder / _LOCK, self._refuse):
                try:
                    yield self.folder
                finally:
                    if not any(self.folder.glob("*/*.parquet")):
                        self.clear()
                        # Last of all: from here on, another process may work in the folder.
                        (self.folder / _LOCK).unlink(missing_ok=True)
        finally:
            with suppress(OSError):  # another process may have come, or work was left
                self.folder.rmdir()

    def clear(self) -> None:
        """Remove all work, for the process that holds the folder.

        The lock stays: with another file in its place, another process could begin too early.
        """
        with suppress(OSError):
            for path in self.folder.iterdir():
                if path.name != _LOCK:
                    _remove(path)

    def _refuse(self) -> None:
        raise TransientError(
            f"{self.output} to be written by this process alone",
            "another process that is writing it",
            "wait until it has ended, then try again",
        )


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
