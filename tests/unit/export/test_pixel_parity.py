"""The SavedModel's operations and `photos.decode` must see the same pixels in the same file."""

import io
import struct
from collections.abc import Callable
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms
from tests.fixtures.photos import imagenet_files, labelled_fruit

from viewfinder_components.export.pixel_ops import decode_batch
from viewfinder_components.photos.decode import decode
from viewfinder_components.tensorflow import tf

SIZE = 96
ANY_SIZE = 10**9
Picture = NDArray[np.uint8]


@cache
def real_photo() -> Image.Image:
    """A photo of 224 x 224 pixels or so, RGB."""
    return Image.open(imagenet_files()[0]).convert("RGB")


@cache
def decoder(size: int) -> Any:
    photos = tf.TensorSpec((None,), tf.string)
    return tf.function(lambda x: decode_batch(x, size), input_signature=[photos], autograph=False)


def differences(photos: list[bytes], size: int = SIZE) -> Picture:
    graph = decoder(size)(tf.constant(photos)).numpy()
    python = np.stack([decode(photo, size, ANY_SIZE) for photo in photos])
    return np.abs(graph.astype(int) - python.astype(int)).astype(np.uint8)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def photo(width: int, height: int, mode: str = "RGB") -> Image.Image:
    return real_photo().resize((width, height), Image.Resampling.BICUBIC).convert(mode)


def with_alpha(width: int, height: int) -> Image.Image:
    picture = photo(width, height).convert("RGBA")
    ramp = np.arange(width * height, dtype=np.uint32).reshape(height, width) % 256
    picture.putalpha(Image.fromarray(ramp.astype(np.uint8)))
    return picture


def deep_grey() -> bytes:
    values = np.asarray(photo(200, 150, "L")).astype(np.uint16) * 257
    return saved(Image.fromarray(values - (values > 300) * np.uint16(201)), "PNG")


def deep_colour() -> bytes:
    """A PNG with 16 bits a colour, encoded by TensorFlow: Pillow cannot."""
    values = np.asarray(photo(200, 150)).astype(np.uint16) * 256 + 77
    return bytes(tf.io.encode_png(values).numpy())


def transparent_palette() -> bytes:
    return saved(photo(200, 150).quantize(64), "PNG", transparency=bytes([0, 128, 255, 40]))


CASES: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: saved(photo(300, 200), "JPEG"),
    "jpeg upright": lambda: saved(photo(200, 300), "JPEG"),
    "jpeg without subsampling": lambda: saved(photo(301, 199), "JPEG", subsampling=0),
    "jpeg 4:2:2": lambda: saved(photo(301, 199), "JPEG", subsampling=1),
    "jpeg 4:2:0, odd sides": lambda: saved(photo(333, 251), "JPEG", subsampling=2),
    "jpeg grey": lambda: saved(photo(300, 200, "L"), "JPEG"),
    "jpeg CMYK": lambda: saved(photo(300, 200, "CMYK"), "JPEG"),
    "jpeg CMYK, large": lambda: saved(photo(900, 800, "CMYK"), "JPEG"),
    "jpeg RGB colours": lambda: saved(photo(300, 200), "JPEG", keep_rgb=True),
    "jpeg progressive": lambda: saved(photo(300, 200), "JPEG", progressive=True),
    "jpeg with restarts": lambda: saved(photo(300, 200), "JPEG", restart_marker_rows=1),
    "jpeg poor": lambda: saved(photo(300, 200), "JPEG", quality=5),
    "jpeg with thumbnail and profile": lambda: saved(
        photo(300, 200),
        "JPEG",
        icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        comment=b"Exif\0\0II*\0",
    ),
    "jpeg smaller than the square": lambda: saved(photo(50, 40), "JPEG"),
    "jpeg of one pixel": lambda: saved(photo(1, 1), "JPEG"),
    "jpeg of one row": lambda: saved(photo(500, 1), "JPEG"),
    "jpeg of one column": lambda: saved(photo(1, 500), "JPEG"),
    "jpeg halved": lambda: saved(photo(4 * SIZE, 4 * SIZE), "JPEG"),
    "jpeg just not halved": lambda: saved(photo(4 * SIZE - 1, 900), "JPEG"),
    "jpeg quartered": lambda: saved(photo(8 * SIZE + 3, 900), "JPEG"),
    "jpeg of 12 megapixels": lambda: saved(photo(4000, 3000), "JPEG"),
    "jpeg of 12 megapixels, progressive": lambda: saved(
        photo(4000, 3000), "JPEG", progressive=True
    ),
    "jpeg with bytes after the end": lambda: saved(photo(300, 200), "JPEG") + b"\0tail",
    "png": lambda: saved(photo(300, 200), "PNG"),
    "png grey": lambda: saved(photo(300, 200, "L"), "PNG"),
    "png of two colours": lambda: saved(photo(300, 200, "1"), "PNG"),
    "png palette": lambda: saved(photo(300, 200).quantize(100), "PNG"),
    "png palette of 4 colours": lambda: saved(photo(300, 200).quantize(4), "PNG", bits=2),
    "png palette of 16 colours": lambda: saved(photo(300, 200).quantize(16), "PNG", bits=4),
    "png palette, transparent": transparent_palette,
    "png palette of 4 colours, transparent": lambda: saved(
        photo(300, 200).quantize(4), "PNG", bits=2, transparency=bytes([255, 9, 99])
    ),
    "png one colour transparent": lambda: saved(photo(99, 99, "L"), "PNG", transparency=130),
    "png alpha": lambda: saved(with_alpha(300, 200), "PNG"),
    "png grey alpha": lambda: saved(with_alpha(300, 200).convert("LA"), "PNG"),
    "png 16 bits grey": deep_grey,
    "png 16 bits": deep_colour,
    "png with EXIF": lambda: saved(photo(300, 200), "PNG", exif=orientation_segment(6)),
}


def orientation_segment(value: int, order: str = "<") -> bytes:
    """The content of an EXIF segment with an orientation and one other tag."""
    header = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    software = struct.pack(order + "HHI4s", 0x010F, 2, 4, b"cam\0")
    orientation = struct.pack(order + "HHIHH", 0x0112, 3, 1, value, 0)
    return b"Exif\0\0" + header + struct.pack(order + "H", 2) + software + orientation + bytes(4)


@pytest.mark.parametrize("name", CASES)
def test_every_kind_of_file_gives_the_same_pixels(name: str) -> None:
    difference = differences([CASES[name]()])
    # Sums of float32 there, of integers here: one level, in few places.
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.05


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("value", range(10))
def test_orientations_turn_alike(value: int, order: str) -> None:
    exif = orientation_segment(value, order)
    assert differences([saved(photo(300, 200), "JPEG", exif=exif)]).max() <= 1


def test_real_photos_give_the_same_pixels() -> None:
    photos = [photo for _, photo in islice(labelled_fruit(), 0, None, 50)]
    photos += [path.read_bytes() for path in imagenet_files()]
    difference = differences(photos, 224)
    assert len(difference) > 40
    assert difference.max() <= 2
    assert (difference > 0).mean() < 0.1


@pytest.mark.parametrize("name", ["jpeg", "png"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_a_photo_that_is_cut_short_is_an_error(name: str, share: float) -> None:
    whole = CASES[name]()
    with pytest.raises(tf.errors.InvalidArgumentError):
        decoder(SIZE)(tf.constant([whole[: int(len(whole) * share)]]))


@pytest.mark.parametrize("content", [b"", b"\xff", b"\xff\xd8\xff", b"no photo at all", bytes(64)])
def test_what_is_no_photo_is_an_error(content: bytes) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError):
        decoder(SIZE)(tf.constant([content]))


def test_no_photos_give_no_pixels() -> None:
    assert decoder(SIZE)(tf.constant([], tf.string)).shape == (0, SIZE, SIZE, 3)
