"""Copy files so that they stay: digests held against, read-only, on the disk."""

import errno
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from viewfinder_components.storage.checksums import CHUNK, check_digest, opened

_WRITE_BITS = 0o222


def copy_files(source: Path, target: Path, files: Mapping[str, str]) -> None:
    """Copy `files` from `source` into the new directory `target` and bring them to the disk.

    Args:
        source: The directory to copy from.
        target: The directory to make.
        files: Every file's hexadecimal SHA-256 by its relative path.

    Raises:
        PermanentError: A file cannot be read or is not what its digest says.
        OSError: `target` cannot be written.
    """
    target.mkdir()
    for name, digest in files.items():
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        with opened(source / name) as file:
            found = _copy(file, copy)
        check_digest(source / name, digest, found)
    for directory, _, _ in os.walk(target):
        sync_directory(Path(directory))


def sync_directory(path: Path) -> None:
    """Bring a directory's entries to the disk."""
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
        os.fchmod(copy.fileno(), os.fstat(copy.fileno()).st_mode & ~_WRITE_BITS)
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest()
