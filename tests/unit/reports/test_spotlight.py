import base64
import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from viewfinder_components.reports.pictures import spotlight


def open_uri(uri: str) -> NDArray[np.float64]:
    kind, _, text = uri.partition(";base64,")
    assert kind == "data:image/jpeg"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))), np.float64)


def class_map(*high: tuple[int, int]) -> NDArray[np.float32]:
    values = np.full((7, 7), -3, np.float32)
    for place in high:
        values[place] = 5
    return values


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 6), (6, 0), (3, 4)])
def test_it_is_bright_where_the_map_is_high(row: int, column: int) -> None:
    grey = np.full((140, 140, 3), 150, np.uint8)
    seen = open_uri(spotlight(grey, class_map((row, column))))
    cells = seen.reshape(7, 20, 7, 20, 3)[:, 8:12, :, 8:12].mean(axis=(1, 3, 4))
    assert cells[row, column] == pytest.approx(150, abs=12)
    cells[row, column] = 0
    assert cells.max() < 60
    assert seen.max() > 230  # the line


def test_a_map_without_differences_is_dark_and_no_error() -> None:
    seen = open_uri(spotlight(np.full((64, 48, 3), 200, np.uint8), np.ones((7, 7), np.float32)))
    assert seen.shape == (64, 48, 3)
    assert seen.max() < 60


def test_a_large_photo_is_made_small() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (400, 300, 3), np.uint8)
    assert open_uri(spotlight(noise, class_map((3, 3)))).shape == (160, 120, 3)
