"""Read a photo's bytes by its uri."""

import errno
import io
import os
import stat

from viewfinder_components.errors import PermanentError
from viewfinder_components.foreign_errors import explain_foreign
from viewfinder_components.photos.candidate import Candidate
from viewfinder_components.photos.objects import read_object
from viewfinder_components.photos.photo_error import PhotoError, describe, refuse_too_large
from viewfinder_components.photos.plausible_size import count_first_bytes, need_plausible
from viewfinder_components.photos.uri import PACKAGE, scheme_of, uri_to_path
from viewfinder_components.storage.location import BUCKET_SCHEMES

# What says nothing about the photo: the next one could not be read either.
_OF_THE_PROCESS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def read_photo(uri: str) -> bytes:
    """Read a photo named in the index.

    Args:
        uri: As in the index's column `uri`.

    Raises:
        PermanentError: It is no longer where it was.
        TransientError: An object store does not answer.
    """
    try:
        return read_bytes(uri)
    except PhotoError as error:
        raise PermanentError(
            f"the photo {uri}",
            error.sentence,
            "move the photos back to where validate read them, or validate them again "
            "in their new location",
        ) from error


def read_candidate(candidate: Candidate, max_bytes: int | None = None) -> bytes:
    """Return a candidate's bytes: already read, being read, or read now.

    Raises:
        PhotoError, PermanentError, TransientError: As `read_bytes`.
    """
    if candidate.data:
        return candidate.data
    if candidate.pending:
        return candidate.pending.take(max_bytes)
    return read_bytes(candidate.uri, max_bytes)


def read_bytes(uri: str, max_bytes: int | None = None, *, is_photo: bool = True) -> bytes:
    """Read a file that may be a photo.

    Args:
        uri: A path as `uri.path_to_uri` encodes it, an object's or a `package://` uri.
        max_bytes: Larger files are not read; None for no limit.
        is_photo: Whether a large file is refused if it is not a photo, or much larger than the
            photo that its beginning announces.

    Raises:
        PhotoError: The file cannot be read, exceeds the limit, or is implausibly large.
        PermanentError: There are no credentials, or they have expired; this process may not open
            more files.
        TransientError: An object store does not answer, or memory is used up.
    """
    scheme = scheme_of(uri)
    if scheme == PACKAGE:
        return _read_from_package(uri)
    if scheme in BUCKET_SCHEMES:
        return read_object(uri, max_bytes, is_photo=is_photo)
    if scheme:
        raise PhotoError("unreachable", f"{scheme} is not supported: copy the photos to a folder")
    try:
        return _read_file(uri_to_path(uri), max_bytes, is_photo)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PhotoError("missing", "there is no such file") from error
    except PermissionError as error:
        raise PhotoError("permission_denied", "permission to read it is missing") from error
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        if isinstance(error, OSError) and error.errno in _OF_THE_PROCESS:
            raise explain_foreign(error) or error from error
        raise PhotoError("unreachable", f"the file cannot be read ({describe(error)})") from error


def _read_from_package(uri: str) -> bytes:
    from viewfinder_components.photos.package import read_from_package  # needs pyarrow

    try:
        return read_from_package(uri)
    except PermanentError as error:  # one row of a table may be wrong
        raise PhotoError("missing", f"there is no such photo: {error}") from error


def _read_file(path: str, max_bytes: int | None, is_photo: bool) -> bytes:
    _need_file(os.stat(path))  # opening a device may have effects
    # Opening a pipe that meanwhile replaced it would wait forever, as would reading some
    # of the kernel's files, which all report that they are empty.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0) as file:
        status = os.fstat(file.fileno())
        _need_file(status)
        refuse_too_large(status.st_size, max_bytes)
        if is_photo and (first := count_first_bytes(status.st_size)):
            need_plausible(file.read(first), status.st_size)
            file.seek(0)
        return _read_all(file, status.st_size)


def _need_file(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise PhotoError("not_a_photo", "it is not a file")


def _read_all(file: io.FileIO, size: int) -> bytes:
    """Read as many bytes as a file's size states."""
    parts = []
    while size > 0 and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts) if len(parts) != 1 else parts[0]
