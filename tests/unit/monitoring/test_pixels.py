"""What is measured on the pixels of a photo."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from viewfinder_components.monitoring.pixels import PIXEL_MEASURES, measure_pixels

SIZE = 224


def measured(pixels: NDArray[np.uint8]) -> dict[str, float]:
    return dict(zip(PIXEL_MEASURES, measure_pixels(pixels).tolist(), strict=True))


def scene(seed: int = 0) -> NDArray[np.uint8]:
    """Coarse structure, as photos have, and some colour."""
    coarse = np.random.default_rng(seed).integers(40, 200, (14, 14, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((SIZE, SIZE), Image.Resampling.NEAREST))


@pytest.mark.parametrize("level", [0, 90, 255])
def test_a_photo_of_one_grey_has_its_brightness_and_nothing_else(level: int) -> None:
    grey = measured(np.full((SIZE, SIZE, 3), level, np.uint8))
    assert grey == dict.fromkeys(PIXEL_MEASURES, 0.0) | {"brightness": level}


@pytest.mark.parametrize(
    ("colour", "warmth", "tint"),
    [((200, 0, 0), 1, -0.5), ((0, 0, 200), -1, -0.5), ((0, 200, 0), 0, 1)],
)
def test_a_colour_has_its_warmth_tint_and_saturation(
    colour: tuple[int, int, int], warmth: float, tint: float
) -> None:
    found = measured(np.full((SIZE, SIZE, 3), colour, np.uint8))
    assert (found["warmth"], found["tint"], found["saturation"]) == (warmth, tint, 200)


def test_luma_is_that_of_pillow() -> None:
    photo = np.asarray(Image.fromarray(scene()).filter(ImageFilter.GaussianBlur(2)))
    luma = np.asarray(Image.fromarray(photo).convert("L"), np.float64)
    found = measured(photo)
    # Of every 25th pixel.
    assert found["brightness"] == pytest.approx(luma.mean(), abs=2)
    assert found["contrast"] == pytest.approx(luma.std(), abs=2)


def test_blur_lowers_the_sharpness_and_noise_raises_it() -> None:
    photo = scene()
    blurred = np.asarray(Image.fromarray(photo).filter(ImageFilter.GaussianBlur(3)))
    noise = np.random.default_rng(1).normal(0, 12, photo.shape)
    noisy = (photo + noise).clip(0, 255).astype(np.uint8)
    low, middle, high = (measured(p)["sharpness"] for p in (blurred, photo, noisy))
    assert low < middle / 2
    assert high > middle * 1.5


def test_darkness_leaves_the_colour_as_it_is() -> None:
    photo, dark = measured(scene() // 4 * 4), measured(scene() // 4)
    assert dark["brightness"] == pytest.approx(photo["brightness"] / 4)
    assert dark["contrast"] == pytest.approx(photo["contrast"] / 4)
    assert (dark["warmth"], dark["tint"]) == pytest.approx((photo["warmth"], photo["tint"]))


@pytest.mark.parametrize("side", [3, 4, 55, 56, 57, 112, 300])
@pytest.mark.parametrize("levels", [(0, 256), (0, 1), (255, 256), (0, 2)])
def test_any_pixels_have_measures_within_their_ranges(side: int, levels: tuple[int, int]) -> None:
    pixels = np.random.default_rng(side).integers(*levels, (side, side, 3), np.uint8)
    lowest, highest = (0, 0, 0, 0, -1, -0.5), (255, 127.5, 1020, 255, 1, 1)
    found = measure_pixels(pixels)
    assert (found >= np.array(lowest) - 1e-9).all()
    assert (found <= np.array(highest) + 1e-9).all()
