"""Find the photos that `data` names, whatever form it has."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.bucket import find_in_bucket
from viewfinder_components.photos.candidate import Candidate
from viewfinder_components.photos.folder import find_in_folder
from viewfinder_components.photos.layout import LAYOUTS
from viewfinder_components.photos.package import find_in_package
from viewfinder_components.photos.read_ahead import read_ahead
from viewfinder_components.photos.table import SUFFIXES, find_in_table
from viewfinder_components.photos.uri import FILE, PACKAGE, file_uri_to_path, scheme_of
from viewfinder_components.storage.bucket_errors import explained
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.downloading import download_object
from viewfinder_components.storage.location import BUCKET_SCHEMES, Location
from viewfinder_components.storage.objects import ObjectError


def find_photos(data: str, layout: str = "auto") -> Iterator[Candidate]:
    """Yield everything met where `data` says, in an order that the data alone decides.

    Args:
        data: A folder or a CSV, TSV or parquet file, on this machine or in a bucket (`gs://`,
            `s3://`, `minio://`), or `package://<package>?label=<column>`.
        layout: How a folder is laid out, one of `layout.LAYOUTS`.

    Raises:
        PermanentError: There is nothing, or nothing that can be read.
        TransientError: An object store does not answer.
    """
    if layout not in LAYOUTS:
        raise PermanentError(f"a layout among {', '.join(LAYOUTS)}", repr(layout), "correct layout")
    scheme = scheme_of(data)
    if scheme == PACKAGE:
        return find_in_package(data)
    if scheme in BUCKET_SCHEMES:
        return read_ahead(_find_in_bucket(Location.parse(data), layout))
    if scheme and scheme != FILE:
        raise PermanentError(
            f"photos in a folder, a table, {', '.join(BUCKET_SCHEMES)} or {PACKAGE}",
            data,
            f"{scheme} is not supported: copy the photos to a folder and name that",
        )
    return _find_in_path(file_uri_to_path(data) if scheme else data, layout)


def _find_in_path(path: str, layout: str) -> Iterator[Candidate]:
    if os.path.isdir(path):
        return find_in_folder(path, layout)
    if os.path.isfile(path) and path.lower().endswith(SUFFIXES):
        return read_ahead(find_in_table(Path(path)))
    received = "a file of another kind" if os.path.exists(path) else "nothing"
    raise PermanentError(
        f"a folder, or a table ({', '.join(SUFFIXES)}), at {path!r}", received, "correct data"
    )


def _find_in_bucket(place: Location, layout: str) -> Iterator[Candidate]:
    if place.key.lower().endswith(SUFFIXES) and (size := _size(place)) is not None:
        return _find_in_bucket_table(place, size)
    return find_in_bucket(place, layout)


def _size(place: Location) -> int | None:
    """Return an object's size; None when there is none, as with a folder called like a table."""
    with explained(place):
        try:
            return open_client(place).stat(place.key).size
        except ObjectError as error:
            if error.kind != "missing":
                raise
            return None


def _find_in_bucket_table(place: Location, size: int) -> Iterator[Candidate]:
    folder, _, name = place.uri.rpartition("/")
    with TemporaryDirectory() as temporary:
        path = Path(temporary, name)
        with explained(place):
            download_object(open_client(place), place.key, size, path)
        yield from find_in_table(path, folder)
