"""What is measured on a photo's file."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from viewfinder_components.monitoring.files import is_shrunk, measure_file
from viewfinder_components.photos.pictures.jpeg_quality import estimate_quality


def encode(form: str, **options: int) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form, **options)
    return file.getvalue()


@pytest.mark.parametrize("quality", range(1, 101))
def test_the_quality_is_the_one_that_libjpeg_was_given(quality: int) -> None:
    assert estimate_quality(encode("JPEG", quality=quality)) == quality


def test_a_progressive_jpeg_has_its_quality_too() -> None:
    assert estimate_quality(encode("JPEG", quality=37, progressive=1)) == 37


def test_a_table_of_16_bits_is_read() -> None:
    table = struct.pack(">64H", *[300] * 64)
    assert estimate_quality(b"\xff\xd8\xff\xdb" + struct.pack(">HB", 131, 0x10) + table) == 1


def test_the_table_of_colours_does_not_count() -> None:
    colours, luminance = bytes([1, *[99] * 64]), bytes([0, *[1] * 64])
    body = colours + luminance
    assert estimate_quality(b"\xff\xd8\xff\xdb" + struct.pack(">H", 2 + len(body)) + body) == 100


def test_another_format_has_no_quality() -> None:
    assert measure_file(encode("PNG"), 60, 40).tolist() == [2400, 1.5, 0]


def test_any_bytes_have_a_quality_from_0_to_100() -> None:
    random = np.random.default_rng(0)
    contents = [random.bytes(length) for length in range(400)]
    contents += [
        b"\xdb\0\2",
        b"\xdb\0\x43\0" + bytes(63),
        b"\xdb\0\x43\0" + bytes(64),
        b"\xdb" * 300,
    ]
    markers = [bytes(random.choice([0xFF, 0xDB, 0, 1, 67], 300).tolist()) for _ in range(500)]
    for content in contents + markers:
        assert 0 <= estimate_quality(b"\xff\xd8\xff" + content) <= 100
        assert estimate_quality(content[:300]) == 0


def test_only_a_square_of_the_models_size_counts_as_shrunk() -> None:
    assert is_shrunk(224, 224, 224)
    assert not is_shrunk(224, 200, 224)
    assert not is_shrunk(448, 448, 224)
