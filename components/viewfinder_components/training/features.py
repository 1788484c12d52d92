"""The features of a frozen backbone, computed once and kept, so that a killed run can resume."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.formats.shards import Split
from viewfinder_components.progress import Progress

_log = logging.getLogger(__name__)

Extractor = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""From uint8 pixels `[n, size, size, 3]` to float32 features `[n, f]`."""


def compute_features(
    extract: Extractor, split: Split, width: int, directory: Path, part_photos: int = 512
) -> NDArray[np.float32]:
    """Compute the features of a split, part by part.

    Args:
        extract: The backbone.
        split: The photos.
        width: Features per photo.
        directory: Where the features of each part are kept as `<split>-00000.npy`; those that
            an earlier run left are read instead of being computed again.
        part_photos: Photos per file: a killed run recomputes at most this many.

    Returns:
        float32 `[n, width]` in the order of the split.
    """
    directory.mkdir(parents=True, exist_ok=True)
    features = np.empty((len(split), width), np.float32)
    progress = Progress(f"train: features of {split.name} photos", len(split))
    for number, start in enumerate(range(0, len(split), part_photos)):
        stop = min(start + part_photos, len(split))
        path = directory / f"{split.name}-{number:05d}.npy"
        part = _load(path, (stop - start, width))
        if part is None:
            part = extract(split.pixels(start, stop))
            _save(path, part)
        features[start:stop] = part
        progress.advance(stop - start)
    progress.finish()
    return features


def _load(path: Path, shape: tuple[int, int]) -> NDArray[np.float32] | None:
    """Read a part; None if it does not exist or was damaged, for example by a power cut."""
    if not path.exists():
        return None
    try:
        part = np.load(path)
        if (part.shape, part.dtype) == (shape, np.float32):
            return np.asarray(part)
    except (OSError, EOFError, ValueError):
        pass
    _log.warning("train: the features in %s are damaged; recomputing them", path)
    return None


def _save(path: Path, features: NDArray[np.float32]) -> None:
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.save(file, features)
    os.replace(temporary, path)
