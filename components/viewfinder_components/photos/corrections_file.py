"""Read the file with corrected labels, which a run may have beside its photos."""

from viewfinder_components.errors import PermanentError, UsageError
from viewfinder_components.photos.photo_error import PhotoError
from viewfinder_components.photos.read import read_bytes
from viewfinder_components.photos.uri import (
    FILE,
    file_uri_to_path,
    name_to_uri,
    path_to_uri,
    scheme_of,
)
from viewfinder_components.storage.location import BUCKET_SCHEMES

_MAX_BYTES = 1 << 28  # more than a million rows


def place_to_uri(place: str) -> str:
    """Return the URI of a table of corrections.

    Raises:
        UsageError: It is neither at a path nor in a bucket.
    """
    scheme = scheme_of(place)
    if scheme and scheme not in (FILE, *BUCKET_SCHEMES):
        raise UsageError(
            f"corrections at a path, or in {', '.join(BUCKET_SCHEMES)}",
            repr(place),
            "copy the table to one of these",
        )
    return path_to_uri(file_uri_to_path(place)) if scheme == FILE else name_to_uri(place)


def read_corrections_file(place: str) -> bytes:
    """Return the bytes of a table of corrections.

    Raises:
        UsageError: As `place_to_uri`.
        PermanentError: It cannot be read.
        TransientError: An object store does not answer.
    """
    try:
        return read_bytes(place_to_uri(place), _MAX_BYTES, is_photo=False)
    except PhotoError as error:
        is_missing = error.kind == "missing"
        raise PermanentError(
            f"a table of corrections at {place}",
            "no such file" if is_missing else f"something that cannot be used: {error.sentence}",
            "check the path",
        ) from error
