"""A photo's bytes, from wherever its name says."""

import errno
import os
from pathlib import Path

from viewfinder_client.v1_failures import describe_cause
from viewfinder_components.photos.photo_error import PhotoError, refuse_too_large
from viewfinder_components.photos.uri import name_to_uri, scheme_of, uri_to_path

_LARGEST_FILE = 1 << 27  # bytes: 8 times what a predictor takes by default
_UNREADABLE = {
    errno.ENOENT: "there is no such file",
    errno.EISDIR: "it is a folder; name the photos in it",
    errno.EACCES: "you have no permission to read it",
}


class UnreadableError(Exception):
    """A file cannot be read; the message says why."""


def read_photo(photo: str | os.PathLike[str]) -> bytes:
    """Read a file by its path, or by a URI.

    Raises:
        UnreadableError: It cannot be read, is empty, or is too large to be sent.
        PermanentError: There are no credentials for its bucket.
        TransientError: Its bucket does not answer.
    """
    try:
        content = _read(photo)
    except PhotoError as error:
        raise UnreadableError(error.sentence) from error
    except (OSError, ValueError) as error:  # ValueError: no path, such as one with a null byte
        number = error.errno if isinstance(error, OSError) else None
        reason = _UNREADABLE.get(number or 0) or f"it cannot be read ({describe_cause(error)})"
        raise UnreadableError(reason) from error
    if not content:
        raise UnreadableError("the file is empty")
    return content


def _read(photo: str | os.PathLike[str]) -> bytes:
    uri = name_to_uri(photo)
    if scheme_of(uri):
        from viewfinder_components.photos.read import read_bytes  # slow to import

        return read_bytes(uri, _LARGEST_FILE)
    with Path(uri_to_path(uri)).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        refuse_too_large(size, _LARGEST_FILE)
        content = file.read() if size else file.read(_LARGEST_FILE + 1)  # a pipe has no size
    refuse_too_large(len(content), _LARGEST_FILE)
    return content
