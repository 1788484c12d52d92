"""Rearrange validate's decoded photos into shuffled shards that training reads at full speed."""

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError
from viewfinder_components.preprocessing.pixels import PixelFiles
from viewfinder_components.preprocessing.shards import MANIFEST, SCHEMA_VERSION, SPLITS
from viewfinder_components.progress import Progress
from viewfinder_components.timing import Stopwatch
from viewfinder_components.whole_files import write_json

_COLUMNS = ["uri", "sha256", "label", "split", "row"]
_LIST = pa.schema([(name, pa.string()) for name in ("uri", "label", "sha256")])
_INDEX_ROWS = 4096


@dataclass(frozen=True)
class PreprocessConfig:
    """What a user may set."""

    photos_per_shard: int = 512
    """Photos in a file; 512 of 224 pixels are 77 MB: few files, and work for every core."""
    seed: int = 0
    """Decides the order of the photos within a split, together with their content."""

    def __post_init__(self) -> None:
        if self.photos_per_shard < 1:
            raise PermanentError(
                "photos_per_shard of at least 1",
                str(self.photos_per_shard),
                "leave it at 512 unless files must be smaller",
            )


@dataclass(frozen=True)
class PreprocessResult:
    """What was written."""

    image_size: int
    labels: list[str]
    counts: dict[str, int]
    """Photos by split."""
    shards: dict[str, int]
    """Files of pixels by split."""
    data_digest: str
    seconds: dict[str, float]
    """Wall-clock seconds by phase."""

    @property
    def summary(self) -> str:
        """One line for the log."""
        counts = ", ".join(f"{count:,} {split}" for split, count in self.counts.items())
        return f"{counts} photos in {sum(self.shards.values()):,} shards"


def write_shards(
    index_dir: Path, pixels_dir: Path, shards_dir: Path, config: PreprocessConfig
) -> PreprocessResult:
    """Copy the used photos into `shards_dir`, shuffled within each split.

    The order depends on the photos' content and the seed alone, never on names or threads, so
    equal data gives equal bytes. What an earlier, killed run left in `shards_dir` is replaced.

    Args:
        index_dir: `index.parquet` and `summary.json` from validate.
        pixels_dir: `part-*.npy` from validate.
        shards_dir: Where to write; made when missing.
        config: What a user may set.

    Raises:
        PermanentError: The index is empty or does not match the pixels.
    """
    # Arrow's usual allocator keeps what it freed: 30 MB for an index of 50,000 photos.
    pa.set_memory_pool(pa.system_memory_pool())
    watch = Stopwatch()
    with watch.phase("index"):
        summary = _read_summary(index_dir / "summary.json")
        source = PixelFiles.open(sorted(pixels_dir.glob("part-*.npy")), summary["image_size"])
        photos = _used_photos(index_dir / "index.parquet", summary["labels"], len(source))
        order = _shuffled(photos["sha256"], config.seed)
        known = pa.array(summary["labels"], pa.string())
        labels = pc.index_in(photos["label"], known).to_numpy().astype(np.int32)
        _clear(shards_dir)
    with watch.phase("shards"):
        progress = Progress("preprocess: photos", len(photos))
        shards: dict[str, list[dict[str, Any]]] = {}
        for split in SPLITS:
            places = order[pc.equal(photos["split"], split).to_numpy()[order]]
            np.save(shards_dir / split / "labels.npy", labels[places])
            _write_list(shards_dir / split / "photos.parquet", photos, places)
            rows = photos["row"].to_numpy()[places]
            shards[split] = _write_pixels(shards_dir / split, rows, source, config, progress)
        progress.finish()
    counts = {split: sum(shard["photos"] for shard in shards[split]) for split in SPLITS}
    known_before = {"schema_version": SCHEMA_VERSION, **summary, "config": asdict(config)}
    write_json(shards_dir / MANIFEST, {**known_before, "counts": counts, "shards": shards})
    return PreprocessResult(
        **summary,
        counts=counts,
        shards={split: len(shards[split]) for split in SPLITS},
        seconds=watch.seconds,
    )


def _read_summary(path: Path) -> dict[str, Any]:
    try:
        summary = json.loads(path.read_text("utf-8"))
        return {name: summary[name] for name in ("image_size", "labels", "data_digest")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PermanentError(
            f"validate's summary at {path}", repr(error), "run validate again"
        ) from error


def _used_photos(path: Path, labels: list[str], available: int) -> pa.Table:
    """The index's used rows, with the columns a shard needs, checked against the pixels."""
    try:
        # In parts: reading the whole index at once takes several times the memory of its rows.
        with pq.ParquetFile(
            path, read_dictionary=["label", "split", "status"], pre_buffer=False
        ) as index:
            parts = index.iter_batches(
                _INDEX_ROWS, columns=[*_COLUMNS, "status"], use_threads=False
            )
            photos = _joined(pa.Table.from_batches([_used_rows(part) for part in parts]))
    except (OSError, pa.ArrowException, KeyError) as error:
        raise PermanentError(
            f"validate's index at {path}", str(error), "run validate again"
        ) from error
    if not len(photos):
        raise PermanentError(f"used photos in {path}", "none", "look at the reasons in the index")
    rows = photos["row"].to_numpy()
    problems = {
        "photos without pixels": photos["row"].null_count,
        f"rows outside the {available} decoded photos": int(
            ((rows < 0) | (rows >= available)).sum()
        ),
        "photos that share their pixels": len(rows) - len(np.unique(rows)),
        "labels that the summary does not have": _strangers(photos["label"], labels),
        f"splits other than {', '.join(SPLITS)}": _strangers(photos["split"], SPLITS),
    }
    found = [f"{count} {what}" for what, count in problems.items() if count]
    if found:
        raise PermanentError(
            f"an index that matches its pixels at {path}", "; ".join(found), "run validate again"
        )
    return photos


def _used_rows(part: pa.RecordBatch) -> pa.RecordBatch:
    return part.filter(pc.equal(part["status"], "used")).select(_COLUMNS)


def _joined(photos: pa.Table) -> pa.Table:
    """Make each column one piece, a column at a time: all at once would hold every row twice."""
    columns = {}
    for name in photos.column_names:
        columns[name] = photos[name].combine_chunks()
        photos = photos.drop_columns([name])
    return pa.table(columns)


def _strangers(column: pa.ChunkedArray, known: Sequence[str]) -> int:
    return len(column) - int(pc.sum(pc.is_in(column, pa.array(known, pa.string()))).as_py() or 0)


def _clear(directory: Path) -> None:
    # The manifest goes first: from here on nobody takes the directory for a finished one.
    (directory / MANIFEST).unlink(missing_ok=True)
    for split in SPLITS:
        shutil.rmtree(directory / split, ignore_errors=True)
        (directory / split).mkdir(parents=True)


def _shuffled(digests: pa.ChunkedArray, seed: int) -> NDArray[np.int64]:
    """Order by a hash of seed and content: random enough to train on, the same everywhere."""
    prefix = f"{seed}:".encode()
    keys = (_number(prefix + digest.as_py().encode()) for digest in digests)
    return np.argsort(np.fromiter(keys, np.uint64, len(digests)), kind="stable")


def _number(content: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big")


def _write_list(path: Path, photos: pa.Table, places: NDArray[np.int64]) -> None:
    # No dictionary of what occurs once: it would hold every URI and digest a second time.
    with pq.ParquetWriter(path, _LIST, use_dictionary=["label"]) as writer:
        for start in range(0, len(places), _INDEX_ROWS):
            part = photos.take(places[start : start + _INDEX_ROWS])
            writer.write_table(part.select(_LIST.names).cast(_LIST))


def _write_pixels(
    folder: Path,
    rows: NDArray[np.int64],
    source: PixelFiles,
    config: PreprocessConfig,
    progress: Progress,
) -> list[dict[str, Any]]:
    """Write the shards of one split, a thread a core; reading and writing release the GIL."""
    starts = range(0, len(rows), config.photos_per_shard)
    names = [f"pixels-{number:05d}.npy" for number in range(len(starts))]
    parts = [rows[start : start + config.photos_per_shard] for start in starts]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        tasks = [
            pool.submit(_write_shard, folder / name, part, source)
            for name, part in zip(names, parts, strict=True)
        ]
        for task in as_completed(tasks):
            progress.advance(task.result())
    return [{"file": name, "photos": len(part)} for name, part in zip(names, parts, strict=True)]


def _write_shard(path: Path, rows: NDArray[np.int64], source: PixelFiles) -> int:
    shape = (len(rows), source.image_size, source.image_size, 3)
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for row in rows.tolist():  # one photo at a time: a thread never holds a whole shard
            file.write(source.read(row, row + 1).data)
    return len(rows)
