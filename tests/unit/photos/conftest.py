"""Real photos and small pictures in every format."""

import io

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.photos import fruit_photos


@pytest.fixture(scope="session")
def fruit() -> list[bytes]:
    """Return 40 JPEG files of about 348 x 348 pixels, all different."""
    return fruit_photos(40)


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
