"""Write validation's decisions: index.parquet, one row per file."""

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from viewfinder_components.formats.photo_index import INDEX, SUMMARY
from viewfinder_components.photos.candidate import SPLITS
from viewfinder_components.validation.photo_table import NONE, STATUSES, USED, PhotoTable

_SLICE_ROWS = 1024  # a row group, and what is in memory as text
_REPETITIVE = ["label", "split", "status", "reason"]  # dictionaries do not help the others
_SCHEMA = pa.schema(
    [
        ("uri", pa.string()),
        ("sha256", pa.string()),
        ("perceptual_hash", pa.string()),
        ("label", pa.string()),
        ("split", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("jpeg_quality", pa.int8()),
        ("row", pa.int64()),
        ("status", pa.string()),
        ("reason", pa.string()),
    ]
)


def clear_index(directory: Path) -> None:
    """Create the directory, without the files of an earlier run."""
    directory.mkdir(parents=True, exist_ok=True)
    # The summary shows that everything is there, so it is removed first and written last.
    for name in (SUMMARY, INDEX):
        (directory / name).unlink(missing_ok=True)


def write_index(directory: Path, photos: PhotoTable) -> None:
    """Write `index.parquet` atomically."""
    path = directory / INDEX
    temporary = path.with_name(f".{INDEX}.{os.getpid()}")
    with pq.ParquetWriter(temporary, _SCHEMA, use_dictionary=_REPETITIVE) as writer:
        for start in range(0, max(len(photos), 1), _SLICE_ROWS):
            files = slice(start, start + _SLICE_ROWS)
            writer.write_batch(_batch(photos, files))
    os.replace(temporary, path)


def data_digest(photos: PhotoTable) -> str:
    """Return the SHA-256 over the used photos' digests, labels and splits, sorted."""
    files = photos.where(USED)
    digests = np.ascontiguousarray(photos.digest[files])
    total = hashlib.sha256()
    for place in np.argsort(digests.view("V32").ravel(), kind="stable"):
        label = photos.labels[photos.label[files[place]]]
        split = SPLITS[photos.split[files[place]]]
        total.update(f"{digests[place].tobytes().hex()}\t{label}\t{split}\n".encode())
    return total.hexdigest()


def _batch(photos: PhotoTable, files: slice) -> pa.RecordBatch:
    status = photos.status[files]
    row = photos.row[files]
    digest = photos.digest[files]
    looks = photos.look[files].astype(">u8").view(np.uint8).reshape(-1, 8)
    sizes = photos.width[files], photos.height[files]
    quality = photos.quality[files]
    columns = [
        pa.concat_arrays(photos.uri[files].chunks or [pa.array([], pa.string())]),
        _hex(digest, (digest == 0).all(axis=1)),
        _hex(looks, row == NONE),
        _names(photos.labels, photos.label[files]),
        _names(SPLITS, photos.split[files]),
        *(pa.array(size, mask=size == 0) for size in sizes),
        pa.array(quality, mask=quality == 0),
        pa.array(row, mask=row == NONE),
        _names(STATUSES, status),
        pa.array(
            [
                photos.sentence(file) if status[file - files.start] != USED else ""
                for file in range(files.start, files.start + len(status))
            ],
            pa.string(),
        ),
    ]
    return pa.record_batch(columns, schema=_SCHEMA)


def _hex(rows: NDArray[np.uint8], unknown: Any) -> pa.Array:
    """Write rows of bytes as hexadecimal digits."""
    width = 2 * rows.shape[1]
    text = rows.tobytes().hex()
    words = [text[start : start + width] for start in range(0, len(text), width)]
    return pc.if_else(pa.array(unknown), None, pa.array(words, pa.string()))


def _names(names: Any, places: NDArray[Any]) -> pa.Array:
    return pa.array(names, pa.string()).take(pa.array(places, pa.int32(), mask=places == NONE))
