"""The photos to write: the used rows of validate's index, and the lists stored with the shards."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError, reason_of
from viewfinder_components.formats.photo_index import USED
from viewfinder_components.formats.shards import SPLITS

_COLUMNS = ["uri", "sha256", "label", "split", "row"]
_FILE = ["width", "height", "jpeg_quality"]
_LIST = pa.schema([(name, pa.string()) for name in ("uri", "label", "sha256")])
_DIGEST = pa.binary(32)  # half of what its hexadecimal digits take
_PART_ROWS = 512  # read and written at a time: four times as many cost 10 MB of memory


def read_used_photos(path: Path, labels: Sequence[str], available: int) -> pa.Table:
    """Read the rows of `index.parquet` that are used.

    Args:
        path: The index.
        labels: The labels it may contain.
        available: How many photos were decoded.

    Returns:
        Columns uri, sha256 (32 bytes), label, split and row, each in one piece.

    Raises:
        PermanentError: The index cannot be read, has no used photos, or does not match the rest.
    """
    try:
        with pq.ParquetFile(
            path, read_dictionary=["label", "split", "status"], pre_buffer=False
        ) as index:
            parts = index.iter_batches(_PART_ROWS, columns=[*_COLUMNS, "status"], use_threads=False)
            photos = _joined(pa.Table.from_batches([_used_rows(part) for part in parts]))
    except (OSError, pa.ArrowException, KeyError, ValueError, TypeError) as error:
        raise PermanentError(
            f"validate's index at {path}", reason_of(error), "run validate again"
        ) from error
    if not len(photos):
        raise PermanentError(f"used photos in {path}", "none", "see the reasons in the index")
    _check_photos(photos, path, labels, available)
    return photos


def read_files(path: Path, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Read what the files of some used photos are.

    Args:
        path: The index, which `read_used_photos` accepts.
        rows: int64 `[n]`: where each photo's pixels are.

    Returns:
        int64 `[n, 3]`: pixels across and down, as shown, and the quality of the JPEG; 0 for what
        is not known, or for the quality of another format.
    """
    with pq.ParquetFile(path, read_dictionary=["status"], pre_buffer=False) as index:
        known = [name for name in _FILE if name in index.schema_arrow.names]
        columns = [*known, "row", "status"]
        parts = index.iter_batches(_PART_ROWS, columns=columns, use_threads=False)
        wanted = pa.array(rows)
        found = pa.Table.from_batches([_wanted_rows(part, wanted) for part in parts])
    order = np.searchsorted(np.sort(rows), rows)
    photos = found.sort_by("row").take(order)
    files = np.zeros((len(rows), len(_FILE)), np.int64)
    for name in known:
        files[:, _FILE.index(name)] = pc.fill_null(photos[name], 0).to_numpy()
    return files


def write_list(path: Path, photos: pa.Table, places: NDArray[np.int64]) -> None:
    """Write uri, label and hexadecimal sha256 of the photos at `places`, in that order."""
    columns = photos.select(_LIST.names)
    # No dictionary of values that occur once: it would hold every URI and digest a second time.
    with pq.ParquetWriter(path, _LIST, use_dictionary=["label"]) as writer:
        for start in range(0, len(places), _PART_ROWS):
            part = columns.take(places[start : start + _PART_ROWS])
            digests = [digest.as_py().hex() for digest in part["sha256"]]
            uris, names = part["uri"], part["label"].cast(pa.string())
            writer.write_table(pa.table([uris, names, pa.array(digests)], schema=_LIST))


def _wanted_rows(part: pa.RecordBatch, rows: pa.Array) -> pa.RecordBatch:
    used = part.filter(pc.equal(part["status"], USED)).drop_columns(["status"])
    return used.filter(pc.is_in(used["row"], rows))


def _used_rows(part: pa.RecordBatch) -> pa.RecordBatch:
    used = part.filter(pc.equal(part["status"], USED)).select(_COLUMNS)
    digests = pa.array([bytes.fromhex(digest.as_py()) for digest in used["sha256"]], _DIGEST)
    return used.set_column(_COLUMNS.index("sha256"), "sha256", digests)


def _joined(photos: pa.Table) -> pa.Table:
    """Make each column one piece, a column at a time: all at once would hold every row twice."""
    columns = {}
    for name in photos.column_names:
        columns[name] = photos[name].combine_chunks()
        photos = photos.drop_columns([name])
    return pa.table(columns)


def _check_photos(photos: pa.Table, path: Path, labels: Sequence[str], available: int) -> None:
    rows = photos["row"].to_numpy()
    problems = {
        "photos without pixels": photos["row"].null_count,
        f"rows outside the {available} decoded photos": int(
            ((rows < 0) | (rows >= available)).sum()
        ),
        "photos that share their pixels": len(rows) - len(np.unique(rows)),
        "labels missing from the summary": _strangers(photos["label"], labels),
        f"splits other than {', '.join(SPLITS)}": _strangers(photos["split"], SPLITS),
    }
    found = [f"{count} {what}" for what, count in problems.items() if count]
    if found:
        raise PermanentError(
            f"an index that matches its pixels at {path}", "; ".join(found), "run validate again"
        )


def _strangers(column: pa.ChunkedArray, known: Sequence[str]) -> int:
    return len(column) - int(pc.sum(pc.is_in(column, pa.array(known, pa.string()))).as_py() or 0)
