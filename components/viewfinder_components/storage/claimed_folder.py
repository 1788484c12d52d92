"""Folders that a process claims while it is alive; others remove those of dead processes.

The file `lock` in the folder is locked by its process. The kernel releases the lock when the
process dies, on this machine or, if the file system supports it, on another.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from viewfinder_components.storage.locking import locked, locked_now

LOCK = "lock"
"""The file that is locked."""


@contextmanager
def claimed_folder(prefix: str, parent: Path) -> Iterator[Path]:
    """Make a folder, and remove it when the block ends.

    Args:
        prefix: How its name begins.
        parent: The folder in which it is made.

    Raises:
        OSError: It cannot be made.
    """
    with ExitStack() as stack:
        yield _claim(prefix, parent, stack)


def _claim(prefix: str, parent: Path, stack: ExitStack) -> Path:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        # Before it is locked, another process may assume that its owner is dead, and remove it.
        with suppress(FileNotFoundError):
            stack.enter_context(locked(folder / LOCK))
            if (folder / LOCK).exists():
                return folder


def remove_if_dead(folder: Path) -> bool:
    """Remove a claimed folder if its process is dead; return whether it was removed.

    A folder that is gone meanwhile, another user's or no folder at all stays.
    """
    with suppress(OSError), locked_now(folder / LOCK) as is_dead:
        if is_dead:
            shutil.rmtree(folder)
            return True
    return False
