"""Find the photos that `data` names, in any of its forms."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from viewfinder_components.errors import ParameterError, PermanentError
from viewfinder_components.photos.bucket import find_in_bucket
from viewfinder_components.photos.candidate import Candidate
from viewfinder_components.photos.folder import NO_LABEL, find_in_folder
from viewfinder_components.photos.layout import Layout
from viewfinder_components.photos.read_ahead import read_ahead
from viewfinder_components.photos.uri import FILE, PACKAGE, file_uri_to_path, scheme_of
from viewfinder_components.spelling import spell
from viewfinder_components.storage.bucket_errors import explained
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.downloading import download_object
from viewfinder_components.storage.location import BUCKET_SCHEMES, Location
from viewfinder_components.storage.objects import ObjectError

# pyarrow is imported where there is a table: a folder that does not exist is refused at once.

_TABLES = (".csv", ".tsv", ".parquet")
_Ahead = Callable[[Iterator[Candidate]], Iterator[Candidate]]


def find_photos(data: str, layout: str = "auto") -> Iterator[Candidate]:
    """Yield everything found where `data` points, in an order determined by the data alone.

    Args:
        data: A folder or a CSV, TSV or parquet file, on this machine or in a bucket (`gs://`,
            `s3://`, `minio://`), or `package://<package>?label=<column>`.
        layout: How a folder is laid out, one of `layout.Layout`.

    Raises:
        PermanentError: There is nothing, or nothing readable.
        TransientError: An object store does not answer.
    """
    return _find(data, layout, read_ahead)


def list_labelled_photos(data: str, layout: str = "auto") -> Iterator[Candidate]:
    """Yield what `find_photos` yields, in the same order; photos in buckets are not read.

    Args:
        data: As for `find_photos`.
        layout: As for `find_photos`.

    Raises:
        PermanentError: There is nothing, or nothing readable.
        TransientError: An object store does not answer.
    """
    return _find(data, layout, iter)


def list_photos(data: str) -> Iterator[Candidate]:
    """Yield everything found where `data` points, whether it has a label or not; nothing is read.

    Args:
        data: As for `find_photos`. A folder is searched recursively; of a table, only the column
            `uri` is read.

    Raises:
        PermanentError: There is nothing, or nothing readable.
        TransientError: An object store does not answer.
    """
    for candidate in _find(data, "class", iter, labelled=False):
        without_label = candidate.flaw is not None and candidate.flaw.kind == NO_LABEL.kind
        yield candidate._replace(flaw=None) if without_label else candidate


def check_photos(data: str, layout: str = "auto") -> None:
    """Check that `data` names something that can be searched; no photo is read.

    Args:
        data: As for `find_photos`.
        layout: As for `find_photos`.

    Raises:
        PermanentError: There is nothing, or nothing readable.
        TransientError: An object store does not answer.
    """
    next(_find(data, layout, iter), None)


def check_source(data: str) -> None:
    """Check that `data` has a known form and, on this machine, exists; nothing is opened.

    Args:
        data: As for `find_photos`.

    Raises:
        PermanentError: It has another form, or there is nothing.
    """
    _find(data, "class", iter, labelled=False)


def _find(data: str, layout: str, ahead: _Ahead, *, labelled: bool = True) -> Iterator[Candidate]:
    if layout not in get_args(Layout):
        raise ParameterError("layout", f"one of {', '.join(get_args(Layout))}", layout)
    scheme = scheme_of(data)
    if scheme == PACKAGE:
        from viewfinder_components.photos.package import find_in_package

        return find_in_package(data)
    if scheme in BUCKET_SCHEMES:
        return ahead(_find_in_bucket(Location.parse(data), layout, labelled))
    if scheme and scheme != FILE:
        raise ParameterError(
            "data",
            f"a folder, a table, {', '.join(BUCKET_SCHEMES)} or {PACKAGE}",
            data,
            f"{scheme} is not supported: copy the photos to a folder and name that",
        )
    return _find_in_path(file_uri_to_path(data) if scheme else data, layout, ahead, labelled)


def _find_in_path(path: str, layout: str, ahead: _Ahead, labelled: bool) -> Iterator[Candidate]:
    if os.path.isdir(path):
        return find_in_folder(path, layout)
    if os.path.isfile(path) and path.lower().endswith(_TABLES):
        from viewfinder_components.photos.table import find_in_table

        return ahead(find_in_table(Path(path), labelled=labelled))
    expected = f"{spell('data')} to be a folder, or a table ({', '.join(_TABLES)})"
    if os.path.exists(path):
        content = "one folder of photos per class" if labelled else "it"
        remedy = f"name the folder that contains {content}"
        raise PermanentError(expected, f"{path!r}, a file of another kind", remedy)
    raise PermanentError(expected, f"{path!r}, which does not exist", "check the path")


def _find_in_bucket(place: Location, layout: str, labelled: bool) -> Iterator[Candidate]:
    if place.key.lower().endswith(_TABLES) and (size := _size(place)) is not None:
        return _find_in_bucket_table(place, size, labelled)
    return find_in_bucket(place, layout)


def _size(place: Location) -> int | None:
    """Return an object's size; None if there is none, as with a folder named like a table."""
    with explained(place):
        try:
            return open_client(place).stat(place.key).size
        except ObjectError as error:
            if error.kind != "missing":
                raise
            return None


def _find_in_bucket_table(place: Location, size: int, labelled: bool) -> Iterator[Candidate]:
    from viewfinder_components.photos.table import find_in_table

    folder, _, name = place.uri.rpartition("/")
    with TemporaryDirectory() as temporary:
        path = Path(temporary, name)
        with explained(place):
            download_object(open_client(place), place.key, size, path)
        yield from find_in_table(path, folder, labelled=labelled)
