"""A shrunk photo has the pixels that the server would have made of the photo."""

import io
import random

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.photos import fruit_photos, imagenet_files
from tests.fixtures.servables import draw

from viewfinder_client.protocol import ModelInput
from viewfinder_client.shrinking import can_shrink, shrink
from viewfinder_components.photos.decode import PREPROCESSING, decode

_MOST_PIXELS = 10**9
_EXIF_ORIENTATION = 0x0112


def make_picture(mode: str, size: tuple[int, int], seed: int) -> Image.Image:
    """Return a picture with gradients and noise, in which no two places are alike."""
    drawn = np.random.default_rng(seed)
    across, down = np.meshgrid(np.linspace(0, 255, size[0]), np.linspace(0, 255, size[1]))
    bands = len(Image.new(mode, (1, 1)).getbands())
    layers = [across, down, (across + down) / 2, 255 - down][:bands]
    noisy = np.stack(layers, -1) + drawn.integers(-40, 40, (size[1], size[0], len(layers)))
    pixels = noisy.clip(0, 255).astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if len(layers) == 1 else pixels, mode)


def save(picture: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[_EXIF_ORIENTATION] = orientation
    return save(make_picture("RGB", (900, 700), orientation), "JPEG", exif=exif, quality=95)


def sixteen_bits() -> bytes:
    pixels = np.random.default_rng(1).integers(0, 65536, (500, 600), dtype=np.uint16)
    return save(Image.fromarray(pixels), "PNG")


def animated(form: str) -> bytes:
    first, second = (make_picture("RGB", (500, 400), seed) for seed in (1, 2))
    return save(first, form, save_all=True, append_images=[second], duration=100)


FORMS = {
    "RGBA PNG": lambda: save(make_picture("RGBA", (500, 400), 0), "PNG"),
    "LA PNG": lambda: save(make_picture("LA", (500, 400), 0), "PNG"),
    "grey PNG": lambda: save(make_picture("L", (500, 400), 0), "PNG"),
    "palette PNG": lambda: save(make_picture("RGB", (900, 700), 0).quantize(200), "PNG"),
    "palette PNG with alpha": lambda: save(
        make_picture("RGB", (900, 700), 0).quantize(200), "PNG", transparency=3
    ),
    "16-bit PNG": sixteen_bits,
    "GIF": lambda: animated("GIF"),
    "APNG": lambda: animated("PNG"),
    "animated WebP": lambda: animated("WEBP"),
    "WebP": lambda: save(make_picture("RGB", (900, 700), 0), "WEBP", quality=95),
    "TIFF": lambda: save(make_picture("RGB", (300, 200), 0), "TIFF"),
    "CMYK TIFF": lambda: save(make_picture("CMYK", (300, 200), 0), "TIFF"),
    "BMP": lambda: save(make_picture("RGB", (300, 200), 0), "BMP"),
    "AVIF": lambda: save(make_picture("RGB", (500, 400), 0), "AVIF", quality=95),
    "grey JPEG": lambda: save(make_picture("L", (900, 700), 0), "JPEG", quality=95),
    "CMYK JPEG": lambda: save(make_picture("CMYK", (900, 700), 0), "JPEG", quality=95),
    "progressive JPEG": lambda: save(
        make_picture("RGB", (900, 700), 0), "JPEG", quality=95, progressive=True
    ),
    "a column": lambda: save(make_picture("RGB", (3, 40_000), 0), "PNG"),
    "smaller than the model's input": lambda: save(make_picture("RGB", (90, 90), 0), "BMP"),
} | {f"orientation {number}": (lambda number=number: turned(number)) for number in range(1, 9)}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_keeps_its_pixels(form: str) -> None:
    content = FORMS[form]()
    for size in (32, 64):
        small = shrink(content, size)
        assert len(small) < len(content)
        assert (decode(small, size, _MOST_PIXELS) == decode(content, size, _MOST_PIXELS)).all()


@pytest.mark.parametrize("seed", range(20))
def test_any_size_keeps_its_pixels(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  (no secret)
    size = (chance.randint(1, 1500), chance.randint(1, 1500))
    form, options = chance.choice([("JPEG", {"quality": chance.randint(50, 100)}), ("PNG", {})])
    content = save(make_picture(chance.choice(["RGB", "L"]), size, seed), form, **options)
    side = chance.choice([16, 96, 224])
    small = shrink(content, side)
    assert len(small) <= len(content)
    assert (decode(small, side, _MOST_PIXELS) == decode(content, side, _MOST_PIXELS)).all()


def test_real_photos_keep_their_pixels() -> None:
    photos = [*fruit_photos(10), *(path.read_bytes() for path in imagenet_files()[:5])]
    for content in photos:
        small = shrink(content, 64)
        assert len(small) < len(content)
        assert (decode(small, 64, _MOST_PIXELS) == decode(content, 64, _MOST_PIXELS)).all()


def test_what_the_server_must_see_itself_stays() -> None:
    whole = save(make_picture("RGB", (900, 700), 0), "JPEG", quality=95)
    for content in (whole[: len(whole) // 2], b"words " * 9999, draw("red"), b""):
        assert shrink(content, 64) is content


def test_another_preprocessing_is_left_to_the_server() -> None:
    assert can_shrink(ModelInput(224, PREPROCESSING))
    assert not can_shrink(ModelInput(224, PREPROCESSING + 1))
    assert not can_shrink(None)
