"""Rearrange validate's decoded photos into shuffled shards that training reads at full speed."""

import hashlib
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError
from viewfinder_components.preprocessing.photo_list import read_used_photos, write_list
from viewfinder_components.preprocessing.pixels import PixelFiles
from viewfinder_components.preprocessing.shards import MANIFEST, SCHEMA_VERSION, SPLITS
from viewfinder_components.progress import Progress
from viewfinder_components.timing import Stopwatch
from viewfinder_components.whole_files import write_json

_WRITE_BYTES = 1 << 20


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
        photos = read_used_photos(index_dir / "index.parquet", summary["labels"], len(source))
        order = _shuffled(photos["sha256"], config.seed)
        known = pa.array(summary["labels"], pa.string())
        labels = pc.index_in(photos["label"], known).to_numpy().astype(np.int32)
        _clear(shards_dir)
        rows: dict[str, NDArray[np.int64]] = {}
        for split in SPLITS:
            places = order[pc.equal(photos["split"], split).to_numpy()[order]]
            np.save(shards_dir / split / "labels.npy", labels[places])
            write_list(shards_dir / split / "photos.parquet", photos, places)
            rows[split] = photos["row"].to_numpy()[places]
    with watch.phase("shards"):
        shards = _write_pixels(shards_dir, rows, source, config.photos_per_shard)
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


def _clear(directory: Path) -> None:
    # The manifest goes first: from here on nobody takes the directory for a finished one.
    (directory / MANIFEST).unlink(missing_ok=True)
    for split in SPLITS:
        shutil.rmtree(directory / split, ignore_errors=True)
        (directory / split).mkdir(parents=True)


def _shuffled(digests: pa.ChunkedArray, seed: int) -> NDArray[np.int64]:
    """Order by a hash of seed and content: random enough to train on, the same everywhere."""
    prefix = f"{seed}:".encode()
    keys = (_number(prefix + digest.as_py().hex().encode()) for digest in digests)
    return np.argsort(np.fromiter(keys, np.uint64, len(digests)), kind="stable")


def _number(content: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big")


def _write_pixels(
    directory: Path, rows: dict[str, NDArray[np.int64]], source: PixelFiles, photos_per_shard: int
) -> dict[str, list[dict[str, Any]]]:
    """Write every split's shards, a thread a core; reading and writing release the GIL."""
    progress = Progress("preprocess: photos", sum(map(len, rows.values())))
    shards: dict[str, list[dict[str, Any]]] = {split: [] for split in rows}
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        tasks = []
        for split, of_split in rows.items():
            for start in range(0, len(of_split), photos_per_shard):
                part = of_split[start : start + photos_per_shard]
                name = f"pixels-{len(shards[split]):05d}.npy"
                shards[split].append({"file": name, "photos": len(part)})
                tasks.append(pool.submit(_write_shard, directory / split / name, part, source))
        for task in as_completed(tasks):
            progress.advance(task.result())
    progress.finish()
    return shards


def _write_shard(path: Path, rows: NDArray[np.int64], source: PixelFiles) -> int:
    shape = (len(rows), source.image_size, source.image_size, 3)
    # A megabyte at once, which the kernel writes faster than photo by photo; never a whole shard.
    photos = np.empty((max(1, _WRITE_BYTES // np.prod(shape[1:])), *shape[1:]), np.uint8)
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(rows), len(photos)):
            part = rows[start : start + len(photos)].tolist()
            for place, row in enumerate(part):
                source.read_into(photos[place : place + 1], row)
            file.write(photos[: len(part)].data)
    return len(rows)
