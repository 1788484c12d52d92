"""What validate leaves, small enough to check every pixel: photo number `row` is all `row`."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from viewfinder_components.formats.photo_index import write_summary

Validated = tuple[Path, Path]
LABELS = ["bee", "wasp"]


def write_validated(
    root: Path, count: int, size: int = 8, per_part: int = 40, **columns: Any
) -> Validated:
    """Write `count` photos, every fifth for val, every fifth for test, and an index of them."""
    index, pixels = root / "index", root / "pixels"
    index.mkdir(parents=True)
    pixels.mkdir()
    for number, start in enumerate(range(0, count, per_part)):
        rows = np.arange(start, min(start + per_part, count)).astype(np.uint8)
        part = np.broadcast_to(rows[:, None, None, None], (len(rows), size, size, 3))
        np.save(pixels / f"part-{number:05d}.npy", part)
    splits = ["val", "test", "train", "train", "train"]
    table = {
        "uri": [f"photos/{row}.jpg" for row in range(count)],
        "sha256": [hashlib.sha256(str(row).encode()).hexdigest() for row in range(count)],
        "label": [LABELS[row % 2] for row in range(count)],
        "split": [splits[row % 5] for row in range(count)],
        "row": pa.array(range(count), pa.int64()),
        "status": ["used"] * count,
    } | columns
    pq.write_table(pa.table(table), index / "index.parquet")
    summary = {"image_size": size, "labels": LABELS, "data_digest": "d1"}
    write_summary(index, summary)
    return index, pixels


@pytest.fixture
def validated(tmp_path: Path) -> Callable[..., Validated]:
    return lambda count, root="", **options: write_validated(tmp_path / root, count, **options)
