"""Copy files durably: digests checked, read-only, flushed to disk."""

import errno
import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from viewfinder_components.storage.checksums import CHUNK, check_digest, opened

# Readable by everybody, whatever the umask: a server runs as a different user than the publisher.
# Not writable: a version never changes.
_FILE_MODE = 0o444
_FOLDER_MODE = 0o755


def copy_files(source: Path, target: Path, files: Mapping[str, str]) -> None:
    """Copy `files` from `source` into the new directory `target` and flush them to disk.

    Args:
        source: The directory to copy from.
        target: The directory to create.
        files: Every file's hexadecimal SHA-256 by its relative path.

    Raises:
        PermanentError: A file cannot be read or does not match its digest.
        OSError: `target` cannot be written.
    """
    make_folder(target)
    for name, digest in files.items():
        copy = target / name
        make_folder(copy.parent)
        with opened(source / name) as file:
            found = _copy(file, copy)
        check_digest(source / name, digest, found)
    for directory, _, _ in os.walk(target):
        sync_directory(Path(directory))


def make_folder(path: Path) -> None:
    """Create a folder that everybody may read, and its parents; existing ones are not changed.

    Raises:
        OSError: It cannot be created.
    """
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    path.chmod(stat.S_IMODE(path.stat().st_mode) | _FOLDER_MODE)


def sync_directory(path: Path) -> None:
    """Flush a directory's entries to disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot, and need not
            raise
    finally:
        os.close(descriptor)


def _copy(source: IO[bytes], path: Path) -> str:
    """Write a read-only copy and return the hexadecimal SHA-256 of what was written."""
    digest = hashlib.sha256()
    with path.open("xb") as copy:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            copy.write(chunk)
        os.fchmod(copy.fileno(), _FILE_MODE)
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest()
