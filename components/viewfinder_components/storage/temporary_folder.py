"""Temporary folders that do not stay when their process is killed.

Nothing can remove a folder at that moment. The next process that makes one of the same name does.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from viewfinder_components.storage.locking import locked, locked_now

_LOCK = "lock"


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """Make a folder for temporary files, and remove it when the block ends.

    Args:
        prefix: How its name begins. Folders with this prefix that this user's killed processes have
            left are removed.
    """
    _clear_dead(prefix)
    with ExitStack() as stack:
        yield _claim(prefix, stack)


def _claim(prefix: str, stack: ExitStack) -> Path:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        # Another process may remove it before it is locked.
        with suppress(FileNotFoundError):
            stack.enter_context(locked(folder / _LOCK))
            if (folder / _LOCK).exists():
                return folder


def _clear_dead(prefix: str) -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        # Gone meanwhile, or not a folder of ours: not ours to remove.
        with suppress(OSError):
            if folder.lstat().st_uid != os.getuid() or not folder.is_dir() or folder.is_symlink():
                continue
            if not (folder / _LOCK).exists():  # being made, or an older release's, which locks none
                continue
            with locked_now(folder / _LOCK) as is_dead:
                if is_dead:
                    shutil.rmtree(folder)
