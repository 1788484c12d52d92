"""Read photos from object stores."""

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.photo_error import (
    PhotoError,
    PhotoErrorKind,
    describe,
    refuse_too_large,
)
from viewfinder_components.photos.plausible_size import count_first_bytes, need_plausible
from viewfinder_components.photos.uri import uri_to_object
from viewfinder_components.storage.bucket_errors import explain
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.location import Location
from viewfinder_components.storage.objects import ErrorKind, ObjectError

# What says nothing about the photo: the next one would be refused as well.
_OF_THE_STORE: tuple[ErrorKind, ...] = ("unreachable", "no_credentials")
_REFUSALS: dict[ErrorKind, tuple[PhotoErrorKind, str]] = {
    "missing": ("missing", "there is no such object"),
    "no_bucket": ("missing", "there is no such bucket"),
    "forbidden": ("permission_denied", "permission to read it is missing"),
    "archived": (
        "archived",
        "it is in the archive (such as S3 Glacier) and must be restored first",
    ),
    "broken_off": ("unreachable", "the download was interrupted at every attempt"),
}


def read_object(
    uri: str, max_bytes: int | None, size: int | None = None, *, is_photo: bool = True
) -> bytes:
    """Read an object that may be a photo.

    Args:
        uri: As `uri.object_to_uri` encodes it.
        max_bytes: Larger objects are not downloaded; None for no limit.
        size: Its size in bytes, if known; requested otherwise.
        is_photo: As for `read.read_bytes`.

    Raises:
        PhotoError: The object cannot be read, exceeds the limit, or is implausibly large.
        PermanentError: There are no credentials, or they have expired.
        TransientError: The whole store does not answer, which says nothing about the photo.
    """
    try:
        place = uri_to_object(uri)
    except PermanentError as error:
        raise PhotoError("missing", f"no such object can exist ({error})") from error
    client = open_client(place)
    try:
        if size is None:
            size = client.stat(place.key).size
        refuse_too_large(size, max_bytes)
        if is_photo and (first := count_first_bytes(size)):
            need_plausible(client.read(place.key, 0, first), size)
        return client.read(place.key)
    except ObjectError as error:
        raise _refusal(error, place) from error


def _refusal(error: ObjectError, place: Location) -> Exception:
    if error.kind in _OF_THE_STORE:
        return explain(error, place)
    kind, sentence = _REFUSALS.get(
        error.kind, ("unreachable", f"it cannot be read ({describe(error)})")
    )
    return PhotoError(kind, sentence)
