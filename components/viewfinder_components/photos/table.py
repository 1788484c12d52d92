"""Find photos listed in a CSV, TSV or parquet file: columns uri, label and, optionally, split."""

import csv
import os
import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from viewfinder_components.errors import PermanentError, reason_of
from viewfinder_components.photos.candidate import SPLIT_NAMES, Candidate, Flaw, to_label
from viewfinder_components.photos.table_header import find_columns, open_csv, read_csv_form
from viewfinder_components.photos.table_quotes import need_closed_quotes
from viewfinder_components.photos.table_rows import read_csv_rows
from viewfinder_components.photos.uri import (
    FILE,
    file_uri_to_path,
    is_in_bucket,
    make_legible,
    object_to_uri,
    path_to_uri,
    scheme_of,
    uri_to_path,
)
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.location import Location
from viewfinder_components.storage.objects import ObjectError

_BATCH_ROWS = 4096
_LONGEST_VALUE = 8_192  # bytes: Linux allows paths of 4,096, object stores keys of 1,024
NO_URI = Flaw("no_uri", "its row in the table has no uri")
_NO_LABEL = Flaw("no_label", "its row in the table has no label")


def find_in_table(
    path: Path, folder: str | None = None, *, labelled: bool = True
) -> Iterator[Candidate]:
    """Yield the photos that a table lists, in its order.

    A uri is a path (a relative one starts at the table's folder), a `file://` uri, or the uri of
    an object in a bucket or of a photo in a package. Percent-encoded or as it is on disk: if a
    file of exactly that name exists, it is used, otherwise the decoded name.

    Args:
        path: A `.csv` or `.tsv` (a header; separated by commas, semicolons or tabs; UTF-8) or
            `.parquet` file.
        folder: Where the table is, if not at `path`: `gs://bucket/folder`.
        labelled: Whether photos need labels; if not, only the column `uri` is read.

    Raises:
        PermanentError: The file is not such a table.
    """
    places = TablePlaces(os.path.abspath(path.parent) if folder is None else folder)
    try:
        for uri, *more in _rows(path, labelled):
            name = (uri or "").strip()
            found = Candidate(places.find(name), flaw=None if name else NO_URI)
            yield _with_label(found, *more) if labelled else found
    except (pa.ArrowException, UnicodeDecodeError, csv.Error) as error:
        raise PermanentError(
            f"a table of {'uri, label and, optionally, split' if labelled else 'uris'} at {path}",
            reason_of(error),
            "rewrite it as CSV (UTF-8, a header, one row per photo) or parquet",
        ) from error


def _with_label(found: Candidate, label: str | None, split: str | None = None) -> Candidate:
    label = to_label((label or "").strip()) or None
    flaw = found.flaw or (None if label else _NO_LABEL)
    return found._replace(label=label, split=_split(split), flaw=flaw)


class TablePlaces:
    """Resolves the uris of a table.

    Args:
        folder: Where the table is: a path, or a uri in a bucket.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._keys_are_encoded: bool | None = None

    def find(self, uri: str) -> str:
        """Return a uri in the project's notation.

        Args:
            uri: As the table has it; a relative one begins at the table's folder.
        """
        scheme = scheme_of(uri)
        if scheme == FILE:
            return path_to_uri(file_uri_to_path(uri))
        if is_in_bucket(uri):
            return self._object(uri)
        if scheme:
            return make_legible(uri)
        if is_in_bucket(self._folder) and not os.path.isabs(uri):
            return self._below_bucket(uri)
        return path_to_uri(_existing(self._folder, uri))

    def _below_bucket(self, uri: str) -> str:
        place = Location.parse(self._folder)
        key = posixpath.normpath(posixpath.join(place.key, uri))
        return self._object(f"{place.scheme}://{place.bucket}/{key}")

    def _object(self, uri: str) -> str:
        """Decode a key, unless the table's first key with a percent sign exists undecoded.

        A table uses one notation throughout, and checking each object would take hours.
        """
        try:
            place = Location.parse(uri)
        except PermanentError:  # reading it will report this
            return make_legible(uri)
        if "%" not in uri:
            return object_to_uri(place)
        if self._keys_are_encoded is None:
            self._keys_are_encoded = not _is_object(place)
        return make_legible(place.uri) if self._keys_are_encoded else object_to_uri(place)


def _existing(folder: str, name: str) -> str:
    """Return the path that a table means: as written, decoded, or converted from Windows."""
    literal = os.path.join(folder, name)
    if not any(sign in name for sign in "%\\"):
        return literal
    readings = (name, uri_to_path(name), name.replace("\\", "/"))
    for reading in readings:
        path = os.path.join(folder, reading)
        if "\0" not in path and os.path.exists(path):
            return path
    return os.path.join(folder, uri_to_path(name))


def _is_object(place: Location) -> bool:
    try:
        open_client(place).stat(place.key)
    except ObjectError:  # any failure: reading the object itself will report it
        return False
    return True


def _split(name: str | None) -> str | None:
    name = (name or "").strip()
    if not name:
        return None
    if name.lower() not in SPLIT_NAMES:
        raise PermanentError(
            f"a split among {', '.join(SPLIT_NAMES)}, or none",
            repr(name),
            "write one of these into the table, or leave the split empty",
        )
    return SPLIT_NAMES[name.lower()]


def _rows(path: Path, labelled: bool) -> Iterator[Sequence[str | None]]:
    """Yield uri and, if photos need labels, label and, if present, split."""
    if path.suffix.lower() != ".parquet":
        yield from _csv_rows(path, labelled)
        return
    for batch in _parquet_batches(path, labelled):
        columns = [batch[name].cast(pa.string()).to_pylist() for name in batch.schema.names]
        yield from zip(*columns, strict=True)


def _csv_rows(path: Path, labelled: bool) -> Iterator[Sequence[str]]:
    with path.open("rb") as file:
        with open_csv(file, path) as text:
            form = read_csv_form(text)
            columns = find_columns(path, form.columns, labelled)
            need_closed_quotes(text, path, form)
        places = [form.columns.index(name) for name in columns]
        with open_csv(file, path) as text:
            for row in read_csv_rows(text, path, form):
                cells = [row.cells[place] for place in places]
                for name, cell in zip(columns, cells, strict=True):
                    if len(cell) > _LONGEST_VALUE:
                        raise _too_long(path, name, len(cell))
                yield cells


def _parquet_batches(path: Path, labelled: bool) -> Iterator[pa.RecordBatch]:
    with path.open("rb") as source, pq.ParquetFile(source) as file:
        columns = find_columns(path, file.schema_arrow.names, labelled)
        for name in columns:
            _need_type(path, file.schema_arrow.field(name))
            _need_short_on_average(path, name, file.metadata)
    # A value stored once for many rows stays so until it is known to be short: 740 bytes
    # may contain a value of a megabyte for each of a thousand rows.
    with path.open("rb") as source, pq.ParquetFile(source, read_dictionary=columns) as file:
        for batch in file.iter_batches(_BATCH_ROWS, columns=columns):
            for name in columns:
                _need_short(path, name, batch[name])
            yield batch.select(columns)


def _need_type(path: Path, column: pa.Field) -> None:
    """Refuse lists, and numbers that would be taken for the names of files."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    is_uri = column.name.strip().lower() == "uri"
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    if pa.types.is_nested(kind) or (is_uri and number):
        raise PermanentError(
            f"texts in the column {column.name} of {path}",
            f"values of the type {column.type}",
            "write the photos' paths into it" if is_uri else "write one text for each photo",
        )


def _need_short_on_average(path: Path, name: str, metadata: pq.FileMetaData) -> None:
    """Refuse values by what the file says about them: reading them takes a page of memory each."""
    at = next(n for n in range(metadata.num_columns) if metadata.schema.column(n).path == name)
    for number in range(metadata.num_row_groups):
        column = metadata.row_group(number).column(at)
        average = column.total_uncompressed_size // max(column.num_values, 1)
        if average > 2 * _LONGEST_VALUE:  # of a few values, some of it may be the page's own
            raise _too_long(path, name, average)


def _need_short(path: Path, name: str, values: pa.Array) -> None:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary
    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        return
    longest = pc.max(pc.binary_length(values)).as_py() or 0
    if longest > _LONGEST_VALUE:
        raise _too_long(path, name, longest)


def _too_long(path: Path, name: str, size: int) -> PermanentError:
    return PermanentError(
        f"uris and labels of at most {_LONGEST_VALUE:,} bytes in {path}",
        f"one of {size:,} in the column {name}",
        "shorten that value, or check whether the column contains something else",
    )
