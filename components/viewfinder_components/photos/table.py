"""Find photos that a CSV, TSV or parquet file lists: columns uri, label and, if wanted, split."""

import os
import posixpath
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.candidate import SPLIT_NAMES, Candidate, Flaw, to_label
from viewfinder_components.photos.table_header import find_columns, read_csv_form
from viewfinder_components.photos.uri import (
    FILE,
    file_uri_to_path,
    is_in_bucket,
    object_to_uri,
    path_to_uri,
    scheme_of,
    uri_to_path,
)
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.location import Location
from viewfinder_components.storage.objects import ObjectError

SUFFIXES = (".csv", ".tsv", ".parquet")
_BATCH_ROWS = 4096
_LONGEST_VALUE = 8_192  # bytes: Linux takes paths of 4,096, object stores keys of 1,024
_NO_LABEL = Flaw("no_label", "its row in the table has no label")


def find_in_table(path: Path, folder: str | None = None) -> Iterator[Candidate]:
    """Yield the photos that a table lists, in its order.

    A uri is a path, a relative one taken from the table's folder, a `file://` uri, or the uri of
    an object in a bucket or of a photo in a package. Percent-encoded or as it is on the disk: a
    file that is called just so is taken, otherwise the decoded name.

    Args:
        path: A `.csv` or `.tsv` (a header; separated by commas, semicolons or tabs; UTF-8) or
            `.parquet` file.
        folder: Where the table lies, where that is not where `path` is: `gs://bucket/folder`.

    Raises:
        PermanentError: The file is no such table.
    """
    places = _Places(os.path.abspath(path.parent) if folder is None else folder)
    try:
        for batch in _batches(path):
            rows = [batch[name].cast(pa.string()).to_pylist() for name in batch.schema.names]
            for uri, label, *split in zip(*rows, strict=True):
                yield _candidate(places, (uri or "").strip(), (label or "").strip(), *split)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise PermanentError(
            f"a table of uri, label and perhaps split at {path}",
            str(error).strip(),
            "write it again as CSV (UTF-8, a header, a row a photo) or parquet",
        ) from error


def _candidate(places: "_Places", uri: str, label: str, split: str | None = None) -> Candidate:
    flaw = None if label else _NO_LABEL
    return Candidate(places.find(uri), to_label(label) if label else None, _split(split), flaw)


class _Places:
    """Finds out what the uris of a table mean.

    Args:
        folder: Where the table lies: a path, or a uri in a bucket.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._keys_are_encoded: bool | None = None

    def find(self, uri: str) -> str:
        """Return a uri as the project writes it."""
        scheme = scheme_of(uri)
        if scheme == FILE:
            return path_to_uri(file_uri_to_path(uri))
        if is_in_bucket(uri):
            return self._object(uri)
        if scheme:
            return uri
        if is_in_bucket(self._folder) and not os.path.isabs(uri):
            return self._below_bucket(uri)
        return path_to_uri(_existing(self._folder, uri))

    def _below_bucket(self, uri: str) -> str:
        place = Location.parse(self._folder)
        key = posixpath.normpath(posixpath.join(place.key, uri))
        return self._object(f"{place.scheme}://{place.bucket}/{key}")

    def _object(self, uri: str) -> str:
        """Decode a key, unless the table's first key with a percent sign is an object's as it is.

        A table is written in one way, and to ask for each object would take hours.
        """
        if "%" not in uri:
            return uri
        try:
            place = Location.parse(uri)
        except PermanentError:  # reading it will say so
            return uri
        if self._keys_are_encoded is None:
            self._keys_are_encoded = not _is_object(place)
        return uri if self._keys_are_encoded else object_to_uri(place)


def _existing(folder: str, name: str) -> str:
    """Return the path that a table means: as it stands there, decoded, or written by Windows."""
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
    except ObjectError:  # whatever it is: reading the object itself will say so
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


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield uri, label and perhaps split."""
    if path.suffix.lower() == ".parquet":
        yield from _parquet_batches(path)
        return
    form = read_csv_form(path)
    columns = find_columns(path, form.columns)
    with arrow_csv.open_csv(
        path,
        read_options=arrow_csv.ReadOptions(column_names=form.columns, skip_rows=form.lines),
        parse_options=arrow_csv.ParseOptions(delimiter=form.delimiter, newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            include_columns=columns, column_types=dict.fromkeys(columns, pa.string())
        ),
    ) as reader:
        yield from reader


def _parquet_batches(path: Path) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        columns = find_columns(path, file.schema_arrow.names)
    # A value that is there once for many rows stays so until it is known to be short: 740 bytes
    # may hold a value of a megabyte for each of a thousand rows.
    with pq.ParquetFile(path, read_dictionary=columns) as file:
        for batch in file.iter_batches(_BATCH_ROWS, columns=columns):
            for name in columns:
                _need_short(path, name, batch[name])
            yield batch.select(columns)


def _need_short(path: Path, name: str, values: pa.Array) -> None:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary
    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        return
    longest = pc.max(pc.binary_length(values)).as_py() or 0
    if longest > _LONGEST_VALUE:
        raise PermanentError(
            f"uris and labels of at most {_LONGEST_VALUE:,} bytes in {path}",
            f"one of {longest:,} in the column {name}",
            "shorten that value, or look whether the column holds something else",
        )
