"""Assign every used photo to a split and a position in the order in which training sees it.

The pixels stay as validate wrote them, 150 kB per photo: rewriting them in another order would
take a tenth of the time of decoding them, and as much disk space again.
"""

import hashlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from viewfinder_components.formats.photo_index import INDEX, read_summary
from viewfinder_components.formats.pixels import PixelFiles
from viewfinder_components.formats.shards import MANIFEST, PIXELS, SCHEMA_VERSION, SPLITS
from viewfinder_components.preprocessing.config import PreprocessConfig
from viewfinder_components.preprocessing.photo_list import read_used_photos, write_list
from viewfinder_components.progress import Progress
from viewfinder_components.timing import Stopwatch
from viewfinder_components.whole_files import write_json

_KEPT = ("image_size", "labels", "data_digest")
"""What the manifest repeats of validate's summary."""


@dataclass(frozen=True)
class PreprocessResult:
    """What was written."""

    image_size: int
    labels: list[str]
    counts: dict[str, int]
    """Number of photos by split."""
    data_digest: str
    seconds: dict[str, float]
    """Wall-clock seconds by phase."""

    @property
    def summary(self) -> str:
        """One line for the log."""
        counts = ", ".join(f"{count:,} {split}" for split, count in self.counts.items())
        return f"{counts} photos"


def write_shards(
    index_dir: Path, pixels_dir: Path, shards_dir: Path, config: PreprocessConfig
) -> PreprocessResult:
    """Write the order of the used photos into `shards_dir`, shuffled within each split.

    The order depends only on the photos' content and the seed, never on names or threads, so equal
    data gives equal bytes. Anything an earlier, killed run left in `shards_dir` is replaced.

    Args:
        index_dir: `index.parquet` and `summary.json` from validate.
        pixels_dir: `part-*.npy` from validate.
        shards_dir: Where to write; made when missing.
        config: User settings.

    Raises:
        PermanentError: The index is empty or does not match the pixels.
    """
    # Arrow's usual allocator keeps what it freed: 30 MB for an index of 50,000 photos.
    pa.set_memory_pool(pa.system_memory_pool())
    watch = Stopwatch("preprocess")
    with watch.phase("index"):
        found = read_summary(index_dir)
        summary = {name: found[name] for name in _KEPT}
        source = PixelFiles.open(sorted(pixels_dir.glob("part-*.npy")), summary["image_size"])
        photos = read_used_photos(index_dir / INDEX, summary["labels"], len(source))
        _clear(shards_dir)
        counts = _write_splits(shards_dir, photos, summary["labels"], config.seed)
    with watch.phase("pixels"):
        _link_pixels(source, shards_dir / PIXELS)
    pixels = {"pixels": [file.path.name for file in source.files], "rows": len(source)}
    known = {"schema_version": SCHEMA_VERSION, **summary, "config": asdict(config)}
    write_json(shards_dir / MANIFEST, {**known, "counts": counts, **pixels})
    return PreprocessResult(**summary, counts=counts, seconds=watch.seconds)


def _clear(directory: Path) -> None:
    # The manifest goes first: from here on nothing mistakes the directory for a finished one.
    (directory / MANIFEST).unlink(missing_ok=True)
    for name in (*SPLITS, PIXELS):
        shutil.rmtree(directory / name, ignore_errors=True)
        (directory / name).mkdir(parents=True)


def _write_splits(
    directory: Path, photos: pa.Table, labels: Sequence[str], seed: int
) -> dict[str, int]:
    """Write which photos each split has, in order; return how many."""
    order = _shuffled(photos["sha256"], seed)
    classes = pc.index_in(photos["label"], pa.array(labels, pa.string()))
    numbers = classes.to_numpy().astype(np.int32)
    counts = {}
    for split in SPLITS:
        places = order[pc.equal(photos["split"], split).to_numpy()[order]]
        np.save(directory / split / "labels.npy", numbers[places])
        np.save(directory / split / "rows.npy", photos["row"].to_numpy()[places])
        write_list(directory / split / "photos.parquet", photos, places)
        counts[split] = len(places)
    return counts


def _shuffled(digests: pa.ChunkedArray, seed: int) -> NDArray[np.int64]:
    """Order by a hash of seed and content: random enough for training, the same everywhere."""
    prefix = f"{seed}:".encode()
    keys = (_number(prefix + digest.as_py().hex().encode()) for digest in digests)
    return np.argsort(np.fromiter(keys, np.uint64, len(digests)), kind="stable")


def _number(content: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big")


def _link_pixels(source: PixelFiles, folder: Path) -> None:
    """Hard-link every pixel file into `folder`, or copy it if that is on another disk."""
    progress = Progress("preprocess: photos", len(source))
    for file in source.files:
        target = folder / file.path.name
        try:
            os.link(file.path, target)
        except OSError:  # another disk, or one without links
            shutil.copyfile(file.path, target)
        progress.advance(file.photos)
    progress.finish()
