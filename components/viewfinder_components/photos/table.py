"""Find photos that a CSV or parquet file lists: columns uri, label and, if wanted, split."""

import csv
import os
import posixpath
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.candidate import SPLIT_NAMES, Candidate, Flaw, to_label
from viewfinder_components.photos.uri import (
    is_in_bucket,
    object_to_uri,
    path_to_uri,
    scheme_of,
    uri_to_path,
)
from viewfinder_components.storage.location import Location

SUFFIXES = (".csv", ".parquet")
_BATCH_ROWS = 4096
_NO_LABEL = Flaw("no_label", "its row in the table has no label")


def find_in_table(path: Path, folder: str | None = None) -> Iterator[Candidate]:
    """Yield the photos that a table lists, in its order.

    Args:
        path: A `.csv` (with a header, comma-separated, UTF-8) or `.parquet` file. Its uris are
            paths, relative ones taken from the table's folder, or uris of objects in buckets or of
            photos in packages.
        folder: Where the table lies, where that is not where `path` is: `gs://bucket/folder`.

    Raises:
        PermanentError: The file is no such table.
    """
    folder = os.path.abspath(path.parent) if folder is None else folder
    try:
        for batch in _batches(path):
            rows = [batch[name].cast(pa.string()).to_pylist() for name in batch.schema.names]
            for uri, label, *split in zip(*rows, strict=True):
                yield _candidate(folder, uri or "", label, *split)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise PermanentError(
            f"a table of uri, label and perhaps split at {path}",
            str(error).strip(),
            "write it again as CSV (UTF-8, commas, a header) or parquet",
        ) from error


def _candidate(folder: str, uri: str, label: str | None, split: str | None = None) -> Candidate:
    if not scheme_of(uri):
        uri = _place(folder, uri)
    flaw = None if label else _NO_LABEL
    return Candidate(uri, to_label(label) if label else None, _split(split), flaw)


def _place(folder: str, uri: str) -> str:
    path = uri_to_path(uri)
    if not is_in_bucket(folder) or os.path.isabs(path):
        return path_to_uri(os.path.join(folder, path))
    place = Location.parse(folder)
    key = posixpath.normpath(posixpath.join(place.key, path))
    return object_to_uri(Location(place.scheme, place.bucket, key))


def _split(name: str | None) -> str | None:
    if not name:
        return None
    if name.lower() not in SPLIT_NAMES:
        raise PermanentError(
            f"a split among {', '.join(SPLIT_NAMES)}, or none", repr(name), "correct the table"
        )
    return SPLIT_NAMES[name.lower()]


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    if path.suffix.lower() == ".parquet":
        with pq.ParquetFile(path) as file:
            columns = _columns(path, file.schema_arrow.names)
            for batch in file.iter_batches(_BATCH_ROWS, columns=columns):
                yield batch.select(columns)
        return
    with path.open("rb") as file:
        header = next(csv.reader([file.readline().decode("utf-8-sig")]), [])
    columns = _columns(path, header)
    convert = arrow_csv.ConvertOptions(
        include_columns=columns, column_types=dict.fromkeys(columns, pa.string())
    )
    parse = arrow_csv.ParseOptions(newlines_in_values=True)
    with arrow_csv.open_csv(path, parse_options=parse, convert_options=convert) as reader:
        yield from reader


def _columns(path: Path, present: list[str]) -> list[str]:
    missing = [name for name in ("uri", "label") if name not in present]
    if missing:
        raise PermanentError(
            f"columns uri and label in {path}",
            ", ".join(present) or "no columns",
            "rename the columns",
        )
    return ["uri", "label"] + ["split"] * ("split" in present)
