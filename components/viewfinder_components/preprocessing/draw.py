"""Draw the few photos that export and check need, into outputs of their own."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.formats.drawn_photos import write_drawn_photos
from viewfinder_components.formats.shards import Shards, Split
from viewfinder_components.preprocessing.config import PreprocessConfig
from viewfinder_components.timing import Stopwatch

_SEED = 0  # the same data always gives the same photos
_BATCH = 32  # photos in memory at a time


def draw_photos(
    shards_dir: Path, calibration_dir: Path, test_dir: Path, config: PreprocessConfig
) -> dict[str, float]:
    """Copy photos of the training split for export, and photos of the test split for check.

    Args:
        shards_dir: What `write_shards` wrote.
        calibration_dir: Where to write photos of the training split.
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
        _draw(shards, "test", config.test_photos, test_dir)
    return watch.seconds


def _draw(shards: Shards, name: str, most: int, folder: Path) -> None:
    split = shards.split(name)
    order = np.random.default_rng(_SEED).permutation(len(split))
    places = np.sort(order[:most])
    write_drawn_photos(
        folder,
        name,
        labels=shards.labels,
        counts=shards.manifest["counts"],
        truth=split.labels[places],
        image_size=shards.image_size,
        batches=_batches(split, places),
    )


def _batches(split: Split, places: NDArray[np.int64]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(places), _BATCH):
        yield split.take(places[start : start + _BATCH])
