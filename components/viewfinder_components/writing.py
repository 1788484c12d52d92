"""Say which place it is that cannot be written, and who named it."""

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from viewfinder_components.errors import PermanentError, TransientError, reason_of
from viewfinder_components.foreign_errors import DISK_FULL, explain_foreign

HOME = ("runs and models", "name another with VIEWFINDER_HOME, or home in Python")
"""What the home folder is for, and how another is named."""

_LIMITED = (errno.EFBIG,)


@contextmanager
def writing(folder: Path, purpose: str, remedy: str) -> Iterator[None]:
    """Explain what the system says of a folder while the block writes there.

    Args:
        folder: Where.
        purpose: What is written there.
        remedy: How another place is named.

    Raises:
        PermanentError: It cannot be written, or made, or the disk is full.
        TransientError: The network was away that it is on.
    """
    try:
        yield
    except OSError as error:
        explained = explain_foreign(error)
        if explained and (isinstance(explained, TransientError) or error.errno in _LIMITED):
            raise explained from error  # another folder is not what helps
        if explained and error.errno in DISK_FULL:
            raise PermanentError(
                f"space on the disk for {purpose} at {folder}",
                explained.received,
                f"free some space, or {remedy}",
            ) from error
        raise PermanentError(
            f"a folder for {purpose} at {folder} that can be created or written to",
            explained.received if explained else reason_of(error),
            f"make it a folder that you may write to, or {remedy}",
        ) from error


@contextmanager
def explaining_system() -> Iterator[None]:
    """Explain what the system says while the block runs, such as that a disk is full.

    Raises:
        PermanentError: What it says, with its remedy.
        TransientError: The same, if it may pass.
    """
    try:
        yield
    except OSError as error:
        if explained := explain_foreign(error):
            raise explained from error
        raise


def need_writable(folder: Path, purpose: str, remedy: str) -> None:
    """Try to write where a folder is, or will be made; nothing stays behind.

    Args:
        folder: Where.
        purpose: What will be written there.
        remedy: How another place is named.

    Raises:
        PermanentError: It cannot be written, or made.
        TransientError: The network was away that it is on.
    """
    with writing(folder, purpose, remedy):
        places = (folder, *folder.parents)
        nearest = next(path for path in places if path.is_symlink() or path.exists())
        with tempfile.TemporaryFile(dir=nearest):
            pass


def need_file_or_nothing(path: Path, remedy: str) -> None:
    """Refuse a place for a file where something else is; no file is opened.

    A named pipe would keep a reader waiting without end, and a device is not to be replaced.

    Args:
        path: The place; of a link, what it leads to counts.
        remedy: How another place is named.

    Raises:
        PermanentError: A folder, a pipe, a device or a socket is there.
        OSError: The path is too long.
    """
    if path.exists() and not path.is_file():
        raise PermanentError(
            f"a file, or nothing yet, at {path}",
            "a folder" if path.is_dir() else "a pipe, a device or a socket",
            remedy,
        )
