"""Where unfinished work is kept on this machine; one process works in it at a time."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from viewfinder_components.errors import TransientError
from viewfinder_components.storage.locking import locked_in_passing

_LOCK = "lock"


@contextmanager
def held_workplace(folder: Path, output: str) -> Iterator[Path]:
    """Make the folder and lock it; at the end, remove it unless a job has left something.

    Args:
        folder: The folder; jobs have folders in it.
        output: What the predictions are for, for the error.

    Raises:
        TransientError: Another process works in it.
        OSError: It cannot be made.
    """

    def refuse() -> None:
        raise TransientError(
            f"{output} to be written by this process alone",
            "another process that is writing it",
            "wait until it has ended, then try again",
        )

    with locked_in_passing(folder / _LOCK, refuse):
        try:
            yield folder
        finally:
            if not any(folder.glob("*/*.parquet")):
                shutil.rmtree(folder, ignore_errors=True)
