"""Real photos, in the sizes in which training on a CPU takes seconds."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.fixtures.photos import fruit_of, imagenet_files

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.photo_index import write_summary
from viewfinder_components.preprocessing.config import PreprocessConfig
from viewfinder_components.preprocessing.write import write_shards
from viewfinder_components.training.hardware import find_hardware


def require_precision(precision: str) -> None:
    """Skip the test where this processor's kernels refuse the precision."""
    try:
        find_hardware(precision)
    except PermanentError as error:
        pytest.skip(str(error))


def pixels_of(photo: bytes | Path, size: int) -> NDArray[np.uint8]:
    source = io.BytesIO(photo) if isinstance(photo, bytes) else photo
    with Image.open(source) as image:
        return np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR))


@pytest.fixture(scope="session")
def imagenet() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """foolbox's 20 ImageNet photos and their classes, which the file names tell."""
    paths = imagenet_files()
    labels = [int(path.stem.rsplit("_", 1)[1]) for path in paths]
    return np.stack([pixels_of(path, 224) for path in paths]), np.array(labels)


@pytest.fixture(scope="session")
def groceries() -> dict[str, list[bytes]]:
    """Different photos of apples and melons, 40 of each."""
    return fruit_of("Apple", "Melon", count=40)


MakeShards = Callable[..., Path]


@pytest.fixture(scope="session")
def make_shards(
    groceries: dict[str, list[bytes]], tmp_path_factory: pytest.TempPathFactory
) -> MakeShards:
    """Give a function that makes shards of apples and melons; a fifth of them is for val."""

    def make(size: int, val: bool = True, seed: int = 0) -> Path:
        root = tmp_path_factory.mktemp("groceries")
        rows = [(label, photo) for label, photos in groceries.items() for photo in photos]
        splits = ["val" if val and row % 5 == 0 else "train" for row in range(len(rows))]
        table = {
            "uri": [f"groceries/{row}" for row in range(len(rows))],
            "sha256": [hashlib.sha256(photo).hexdigest() for _, photo in rows],
            "label": [label for label, _ in rows],
            "split": splits,
            "row": pa.array(range(len(rows)), pa.int64()),
            "status": ["used"] * len(rows),
        }
        pq.write_table(pa.table(table), root / "index.parquet")
        np.save(root / "part-00000.npy", np.stack([pixels_of(photo, size) for _, photo in rows]))
        summary = {
            "image_size": size,
            "labels": sorted(groceries),
            "data_digest": f"groceries{val}",
        }
        write_summary(root, summary)
        config = PreprocessConfig(seed=seed)
        write_shards(root, root, root / "shards", config)
        return root / "shards"

    return make
