"""Draw the few photos that export and check need, into outputs of their own."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.formats.drawn_photos import write_drawn_photos
from viewfinder_components.formats.photo_index import INDEX
from viewfinder_components.formats.shards import Shards, Split
from viewfinder_components.monitoring.files import is_shrunk, join_measures
from viewfinder_components.preprocessing.config import PreprocessConfig
from viewfinder_components.preprocessing.photo_list import read_files
from viewfinder_components.timing import Stopwatch

_SEED = 0  # the same data always gives the same photos
_BATCH = 32  # photos in memory at a time


def draw_photos(
    index_dir: Path,
    shards_dir: Path,
    calibration_dir: Path,
    reference_dir: Path,
    test_dir: Path,
    config: PreprocessConfig,
) -> dict[str, float]:
    """Copy photos of train and val for export, and photos of test for check.

    Args:
        index_dir: The index that the shards were made from.
        shards_dir: What `write_shards` wrote.
        calibration_dir: Where to write photos of the training split.
        reference_dir: Where to write photos of the validation split, with what is known about
            their files.
        test_dir: Where to write photos of the test split.
        config: How many photos.

    Returns:
        Wall-clock seconds by phase.

    Raises:
        PermanentError: The shards cannot be read.
    """
    watch = Stopwatch("preprocess")
    with watch.phase("draw"):
        shards = Shards.open(shards_dir)
        _draw(shards, "train", config.calibration_photos, calibration_dir)
        _draw(shards, "val", config.reference_photos, reference_dir, index_dir / INDEX)
        _draw(shards, "test", config.test_photos, test_dir)
    return watch.seconds


def _draw(shards: Shards, name: str, most: int, folder: Path, index: Path | None = None) -> None:
    split = shards.split(name)
    order = np.random.default_rng(_SEED).permutation(len(split))
    places = np.sort(order[:most])
    files = read_files(index, split.rows[places]) if index else np.empty((0, 3), np.int64)
    write_drawn_photos(
        folder,
        name,
        labels=shards.labels,
        counts=shards.manifest["counts"],
        truth=split.labels[places],
        image_size=shards.image_size,
        batches=_batches(split, places),
        file_measures=[_measure(file, shards.image_size) for file in files.tolist()],
    )


def _measure(file: tuple[int, int, int], image_size: int) -> NDArray[np.float64] | None:
    width, height, quality = file
    if not width or is_shrunk(width, height, image_size):
        return None
    return join_measures(width, height, quality)


def _batches(split: Split, places: NDArray[np.int64]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(places), _BATCH):
        yield split.take(places[start : start + _BATCH])
