"""The SavedModel's EXIF reader against the one in Python, on files made to confuse both."""

import random
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image

from viewfinder_components.export.orientation_ops import read_orientation, turn_upright
from viewfinder_components.photos.pictures import orientation
from viewfinder_components.tensorflow import tf

_FILE = tf.TensorSpec((None,), tf.string)


@tf.function(input_signature=[_FILE], autograph=False)
def read_all(files: Any) -> Any:
    return tf.map_fn(read_orientation, files, fn_output_signature=tf.TensorSpec((), tf.int32))


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def exif(order: str, entries: list[tuple[int, int, int]], start: int = 8) -> bytes:
    """An EXIF segment; entries are (tag, kind, value)."""
    packed = b"".join(struct.pack(order + "HHIHH", *e[:2], 1, e[2], 0) for e in entries)
    tiff = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", start)
    tiff += bytes(start - 8) + struct.pack(order + "H", len(entries)) + packed
    return segment(0xE1, b"Exif\0\0" + tiff)


def photo(*segments: bytes) -> bytes:
    return b"\xff\xd8" + b"".join(segments) + segment(0xDA, b"\1\1\0\0\x3f\0") + b"scan\xff\xd9"


def assert_alike(files: list[bytes]) -> list[int]:
    found = read_all(tf.constant(files, tf.string)).numpy().tolist()
    assert found == [orientation.read_orientation(file) for file in files]
    return list(found)


TAG = 0x0112
WRITTEN = {
    "little-endian": (photo(exif("<", [(TAG, 3, 6)])), 6),
    "big-endian": (photo(exif(">", [(TAG, 3, 8)])), 8),
    "after other tags": (photo(exif("<", [(0x010F, 2, 1), (0x0110, 2, 1), (TAG, 3, 3)])), 3),
    "the first of two": (photo(exif("<", [(TAG, 3, 5), (TAG, 3, 2)])), 5),
    "a bad first of two": (photo(exif("<", [(TAG, 3, 9), (TAG, 3, 2)])), 1),
    "of the wrong kind": (photo(exif("<", [(TAG, 4, 6)])), 1),
    "zero": (photo(exif("<", [(TAG, 3, 0)])), 1),
    "a directory further on": (photo(exif(">", [(TAG, 3, 7)], start=40)), 7),
    "after other segments": (
        photo(segment(0xE0, b"JFIF\0"), segment(0xE1, b"http://ns.adobe.com/"), segment(0xFE, b""),
              exif("<", [(TAG, 3, 4)])),
        4,
    ),
    "the first of two segments": (photo(exif("<", []), exif("<", [(TAG, 3, 4)])), 1),
    "after the scan begins": (photo() + exif("<", [(TAG, 3, 4)]), 1),
    "none": (photo(), 1),
    "nothing but a head": (b"\xff\xd8\xff", 1),
    "nothing": (b"", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_an_orientation_is_read_wherever_it_stands(name: str) -> None:
    file, expected = WRITTEN[name]
    assert assert_alike([file]) == [expected]


def test_every_place_to_cut_is_read_alike() -> None:
    whole = photo(segment(0xE0, b"JFIF\0"), exif(">", [(0x010F, 2, 1), (TAG, 3, 6)]))
    found = assert_alike([whole[:end] for end in range(len(whole) + 1)])
    assert {1, 6} <= set(found)


def test_spoilt_files_are_read_alike() -> None:
    chance = random.Random(0)  # noqa: S311  (no secret)
    files = []
    for name in (
        "after other tags",
        "big-endian",
        "a directory further on",
        "after other segments",
    ):
        for _ in range(400):
            spoilt = bytearray(WRITTEN[name][0])
            for _ in range(chance.choice((1, 1, 2, 5))):
                spoilt[chance.randrange(2, len(spoilt))] = chance.choice(
                    (0, 1, 2, 8, 127, 128, 255)
                )
            files.append(bytes(spoilt))
    assert len(set(assert_alike(files))) > 4


@pytest.mark.parametrize("value", range(1, 9))
def test_photos_are_turned_as_pillow_turns_them(value: int) -> None:
    pixels = np.arange(4 * 4 * 3, dtype=np.uint8).reshape(4, 4, 3)
    expected = orientation.turn_upright(Image.fromarray(pixels), value)
    turned = turn_upright(tf.constant(pixels), tf.constant(value)).numpy()
    assert turned.tolist() == np.asarray(expected).tolist()
