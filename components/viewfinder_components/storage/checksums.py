"""Digests of files and parts of files, in the forms that stores require."""

import base64
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from viewfinder_components.errors import PermanentError, reason_of

CHUNK = 1 << 20


def digest_file(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_base64(digest: bytes) -> str:
    """Return a digest in the form used in HTTP headers."""
    return base64.b64encode(digest).decode()


def check_digest(path: Path, expected: str, found: str) -> None:
    """Refuse a file that changed after its digest was computed.

    Raises:
        PermanentError: `found` is not `expected`; both are hexadecimal SHA-256.
    """
    if found != expected:
        raise PermanentError(f"{path} with sha256 {expected}", found, "export the model again")


def size_of(path: Path) -> int:
    """Return the size in bytes of a file to publish.

    Raises:
        PermanentError: It is gone.
    """
    try:
        return path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from error


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to publish; a symbolic link that replaced it is not followed.

    Raises:
        PermanentError: It cannot be opened.
    """
    try:
        file = open(path, "rb", opener=_without_following)  # noqa: SIM115  (closed below)
    except OSError as error:
        raise _unreadable(path, error) from error
    with file:
        yield file


def _unreadable(path: Path, error: OSError) -> PermanentError:
    return PermanentError(f"a readable file {path}", reason_of(error), "export the model again")


def _without_following(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)
