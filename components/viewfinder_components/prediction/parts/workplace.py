"""Where unfinished work is kept on this machine; one process works in it at a time."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from viewfinder_components.errors import TransientError
from viewfinder_components.storage.locking import locked_in_passing
from viewfinder_components.writing import writing

_LOCK = "lock"


@dataclass(frozen=True)
class Workplace:
    """A folder for the unfinished work of one output; the jobs have folders in it.

    Attributes:
        folder: The folder, which is there while there is work in it.
        output: What the predictions are for, for the error.
        advice: What is written in the folder above it, and how another is named.
    """

    folder: Path
    output: str
    advice: tuple[str, str]

    @contextmanager
    def hold(self) -> Iterator[Path]:
        """Make the folder and lock it; at the end, remove it unless a job has left something.

        Raises:
            PermanentError: It cannot be made.
            TransientError: Another process works in it.
        """
        with ExitStack() as stack:
            stack.callback(self._remove_if_empty)
            with self.writing():  # not around the block: it may raise errors of other places
                stack.enter_context(locked_in_passing(self.folder / _LOCK, self._refuse))
            try:
                yield self.folder
            finally:
                self._leave()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Explain the system's errors while the block writes or reads unfinished work.

        Raises:
            PermanentError: The disk is full, or the folder cannot be written.
            TransientError: The network was away that it is on.
        """
        with writing(self.folder.parent, *self.advice):
            yield

    def clear(self) -> None:
        """Remove all work, for the process that holds the folder.

        The lock stays: with another file in its place, another process could begin too early.
        """
        with suppress(OSError):
            for path in self.folder.iterdir():
                if path.name != _LOCK:
                    _remove(path)

    def _leave(self) -> None:
        if not any(self.folder.glob("*/*.parquet")):
            self.clear()
            with suppress(OSError):
                # Last of all: from here on, another process may work in the folder.
                (self.folder / _LOCK).unlink()

    def _remove_if_empty(self) -> None:
        with suppress(OSError):  # another process may have come, or work was left
            self.folder.rmdir()

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
