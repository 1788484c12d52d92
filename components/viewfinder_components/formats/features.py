"""Features of a frozen backbone, which train leaves with the model: `features.npz`.

Evaluate needs them as well, to search for label errors, and computing them again would take as long
as in training. They take 5 kB per photo of EfficientNet-Lite0, its pixels 150 kB.
"""

import hashlib
import logging
import math
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.formats.array_files import DamagedArraysError, reading_arrays
from viewfinder_components.formats.shards import Split

FEATURES = "features.npz"
_ORDER = "order of "
_LABELS = "labels of "
_log = logging.getLogger(__name__)


def write_features(
    model_dir: Path, features: Mapping[str, NDArray[np.float32]], splits: Mapping[str, Split]
) -> None:
    """Write the features of some splits, in the order of the splits.

    Args:
        model_dir: Of the model whose backbone computed them.
        features: float32 `[n, f]` by the name of the split; without any, an earlier file is
            removed.
        splits: The photos, by the same names.
    """
    path = model_dir / FEATURES
    path.unlink(missing_ok=True)
    if not features:
        return
    known = {_ORDER + name: np.array(_digest(splits[name])) for name in features}
    known |= {_LABELS + name: splits[name].labels for name in features}
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        np.savez(file, **features, **known)  # type: ignore[arg-type]  # none is allow_pickle
    os.replace(temporary, path)


def read_features(model_dir: Path, split: Split) -> NDArray[np.float32] | None:
    """Read the features of a split.

    Args:
        model_dir: The model's.
        split: The photos.

    Returns:
        float32 `[n, f]`; None if there are none, they are damaged, or they are of other photos.
    """
    path = model_dir / FEATURES
    if not path.exists():
        return None
    try:
        with reading_arrays(path) as stored:
            if split.name in stored and str(stored[_ORDER + split.name]) == _digest(split):
                return _need_form(stored[split.name], len(split))
    except DamagedArraysError as error:
        _log.warning("%s is damaged (%s): the features are computed again", path, error)
    return None


def read_some(
    model_dir: Path, name: str, most: int
) -> tuple[NDArray[np.float32], NDArray[np.int32]] | None:
    """Read the features and classes of the first photos of a split, which are in random order.

    Args:
        model_dir: The model's.
        name: The split's.
        most: Maximum number of photos; no others are read.

    Returns:
        float32 `[n, f]` and int32 `[n]`; None if there are none, or they are damaged.
    """
    path = model_dir / FEATURES
    if not path.exists():
        return None
    try:
        with zipfile.ZipFile(path) as parts:
            labels = _read_first(parts, _LABELS + name, most)
            features = _need_form(_read_first(parts, name, most), len(labels))
    except Exception as error:  # damaged archives raise almost anything
        _log.warning("%s is damaged or of an older release (%s)", path, error)
        return None
    return features, labels


def _read_first(parts: zipfile.ZipFile, name: str, most: int) -> NDArray[Any]:
    with parts.open(f"{name}.npy") as file:
        np.lib.format.read_magic(file)
        shape, column_major, dtype = np.lib.format.read_array_header_1_0(file)
        if column_major or dtype.hasobject:
            raise ValueError(f"{name}: {dtype}, column-major: {column_major}")
        some = (min(most, shape[0]), *shape[1:])
        content = file.read(math.prod(some) * dtype.itemsize)
    return np.frombuffer(content, dtype).reshape(some)


def _need_form(features: NDArray[np.float32], photos: int) -> NDArray[np.float32]:
    if features.dtype != np.float32 or features.ndim != 2 or len(features) != photos:
        raise ValueError(f"{features.dtype} of shape {features.shape} for {photos} photos")
    return features


def _digest(split: Split) -> str:
    """Identify the photos and their order."""
    total = hashlib.sha256()
    for batch in split.photos["sha256"].chunks:
        total.update("".join(batch.to_pylist()).encode())
    return total.hexdigest()
