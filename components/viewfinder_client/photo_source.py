"""The photos to ask about, from whatever names them."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias

from viewfinder_client.errors import UnansweredError
from viewfinder_client.photo_file import UnreadableError, read_photo
from viewfinder_components.errors import ParameterError, PermanentError

Photo: TypeAlias = str | os.PathLike[str] | bytes | tuple[str, bytes]
"""A path, a URI, a file's contents, or a name and the contents."""
PhotoSource: TypeAlias = str | os.PathLike[str] | Iterable[Photo]
"""A folder, a bucket or a table; or photos."""

_PACKAGES = {"google": "google-cloud-storage", "botocore": "boto3"}
_RULE = "a path, a URI, bytes, or a tuple of a name and bytes"
# What is not worth a word: what `ls` does not show either.
_SILENT = ("hidden", "empty_folder")


class Item(NamedTuple):
    """A photo that is not read yet."""

    name: str
    """Its path or URI as given; empty for contents without a name."""
    place: str | os.PathLike[str] | None = None
    """Where it can be read; None if it need not be."""
    content: bytes = b""
    flaw: str = ""
    """Why it cannot be read, if that is known already."""
    is_listed: bool = False
    """Whether it was found in a folder, a bucket or a table, where it may be any file."""

    def read(self) -> bytes:
        """Return the file's contents, which takes a while.

        Raises:
            UnansweredError: It cannot be read, or is not a photo.
            PermanentError: Its bucket needs credentials, or a package that is not there.
            TransientError: Its bucket does not answer.
        """
        if self.flaw:
            raise UnansweredError(self.flaw)
        if self.place is None:
            content = self.content
        else:
            try:
                with _needing_packages():
                    content = read_photo(self.place)
            except UnreadableError as error:
                raise UnansweredError(str(error)) from error
        if not content:
            raise UnansweredError("the file is empty")
        if self.is_listed:
            _need_photo(content)
        return content


def make_item(photo: Photo) -> Item:
    """Return a photo that a user gave.

    Raises:
        ParameterError: It is something else.
    """
    if isinstance(photo, str | os.PathLike) and photo:
        return Item(str(photo), photo)
    if isinstance(photo, bytes):
        return Item("", None, photo)
    if isinstance(photo, tuple) and len(photo) == 2:
        name, content = photo
        if isinstance(name, str) and isinstance(content, bytes):
            return Item(name, None, content)
    raise ParameterError("photo", _RULE, photo)


def list_items(photos: PhotoSource) -> Iterator[Item]:
    """Yield the photos of a source, in an order that the source alone determines.

    Raises:
        ParameterError: It is something else.
        PermanentError: There is no such folder, bucket or table, or nothing is in it.
        TransientError: The object store does not answer.
    """
    if isinstance(photos, str | os.PathLike):
        return _list_found(os.fspath(photos))
    if isinstance(photos, bytes | tuple) or not isinstance(photos, Iterable):
        raise ParameterError(
            "photos", f"a folder, a bucket, a table, or an iterable of {_RULE}", photos
        )
    return map(make_item, photos)


def _list_found(place: str) -> Iterator[Item]:
    from viewfinder_components.photos.find import list_photos

    with _needing_packages():
        for found in list_photos(place):
            if found.flaw is None or found.flaw.kind not in _SILENT:
                flaw = found.flaw.sentence if found.flaw else ""
                yield Item(found.uri, found.uri, flaw=flaw, is_listed=True)


@contextmanager
def _needing_packages() -> Iterator[None]:
    """Name the package without which a bucket or a table cannot be read.

    Raises:
        PermanentError: It is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        name = str(error.name).partition(".")[0]
        raise PermanentError(
            f"the package {_PACKAGES.get(name, name)} for photos in buckets or tables",
            "none that is installed",
            "install it, or give the photos' contents",
        ) from error


def _need_photo(content: bytes) -> None:
    """Refuse what is not a photo, which need not be sent."""
    from viewfinder_components.photos.formats import HEAD_BYTES, detect_format
    from viewfinder_components.photos.photo_error import PhotoError

    try:
        detect_format(content[:HEAD_BYTES])
    except PhotoError as error:
        raise UnansweredError(error.sentence) from error
