"""Find the photos that `data` names, whatever form it has."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from viewfinder_components.errors import ParameterError, PermanentError
from viewfinder_components.photos.bucket import find_in_bucket
from viewfinder_components.photos.candidate import Candidate
from viewfinder_components.photos.folder import find_in_folder
from viewfinder_components.photos.layout import Layout
from viewfinder_components.photos.package import find_in_package
from viewfinder_components.photos.read_ahead import read_ahead
from viewfinder_components.photos.table import SUFFIXES, find_in_table
from viewfinder_components.photos.uri import FILE, PACKAGE, file_uri_to_path, scheme_of
from viewfinder_components.storage.bucket_errors import explained
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.downloading import download_object
from viewfinder_components.storage.location import BUCKET_SCHEMES, Location
from viewfinder_components.storage.objects import ObjectError

_Ahead = Callable[[Iterator[Candidate]], Iterator[Candidate]]


def find_photos(data: str, layout: str = "auto") -> Iterator[Candidate]:
    """Yield everything met where `data` says, in an order that the data alone decides.

    Args:
        data: A folder or a CSV, TSV or parquet file, on this machine or in a bucket (`gs://`,
            `s3://`, `minio://`), or `package://<package>?label=<column>`.
        layout: How a folder is laid out, one of `layout.Layout`.

    Raises:
        PermanentError: There is nothing, or nothing that can be read.
        TransientError: An object store does not answer.
    """
    return _find(data, layout, read_ahead)


def check_photos(data: str, layout: str = "auto") -> None:
    """Make sure that `data` names something that can be looked through; no photo is read.

    Args:
        data: As for `find_photos`.
        layout: As for `find_photos`.

    Raises:
        PermanentError: There is nothing, or nothing that can be read.
        TransientError: An object store does not answer.
    """
    next(_find(data, layout, iter), None)


def _find(data: str, layout: str, ahead: _Ahead) -> Iterator[Candidate]:
    if layout not in get_args(Layout):
        raise ParameterError("layout", f"one of {', '.join(get_args(Layout))}", layout)
    scheme = scheme_of(data)
    if scheme == PACKAGE:
        return find_in_package(data)
    if scheme in BUCKET_SCHEMES:
        return ahead(_find_in_bucket(Location.parse(data), layout))
    if scheme and scheme != FILE:
        raise ParameterError(
            "data",
            f"a folder, a table, {', '.join(BUCKET_SCHEMES)} or {PACKAGE}",
            data,
            f"{scheme} is not supported: copy the photos to a folder and name that",
        )
    return _find_in_path(file_uri_to_path(data) if scheme else data, layout, ahead)


def _find_in_path(path: str, layout: str, ahead: _Ahead) -> Iterator[Candidate]:
    if os.path.isdir(path):
        return find_in_folder(path, layout)
    if os.path.isfile(path) and path.lower().endswith(SUFFIXES):
        return ahead(find_in_table(Path(path)))
    expected = f"data to be a folder, or a table ({', '.join(SUFFIXES)})"
    if os.path.exists(path):
        remedy = "name the folder that holds a folder of photos for each class"
        raise PermanentError(expected, f"{path!r}, a file of another kind", remedy)
    raise PermanentError(expected, f"{path!r}, which does not exist", "check the path")


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
