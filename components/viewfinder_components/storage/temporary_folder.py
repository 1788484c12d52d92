"""Temporary folders that do not stay when their process is killed.

Nothing can remove a folder at that moment. The next process that makes one of the same name does.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from viewfinder_components.storage.claimed_folder import LOCK, claimed_folder, remove_if_dead


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """Make a folder for temporary files, and remove it when the block ends.

    Args:
        prefix: How its name begins. Folders with this prefix that this user's killed processes have
            left are removed.
    """
    place = Path(tempfile.gettempdir())
    for folder in place.glob(f"{prefix}*"):
        if _is_ours(folder):
            remove_if_dead(folder)
    with claimed_folder(prefix, place) as folder:
        yield folder


def _is_ours(folder: Path) -> bool:
    """Return whether a folder is this user's and was claimed; older releases claim none."""
    with suppress(OSError):  # gone meanwhile
        is_own = folder.lstat().st_uid == os.getuid()
        return is_own and folder.is_dir() and not folder.is_symlink() and (folder / LOCK).exists()
    return False
