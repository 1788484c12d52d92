"""Decoding takes no more memory than its plan says, and what would take too much is refused."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image
from tests.costly_pictures import costly_pictures, photo_of, with_scans

from viewfinder_components.photos.decode import PhotoError, decode, plan_photo
from viewfinder_components.photos.pictures.coded_items import (
    coded_heif_pixels,
    refuse_hidden_pixels,
)
from viewfinder_components.photos.room import DecodingRoom
from viewfinder_serving.config import ServeConfig

SPARE = 16 << 20  # the interpreter's own, and libraries' tables that no picture's size decides
ROOT = Path(__file__).parents[3]
MOST = ServeConfig(Path("1"), "memory").max_pixels


def measure(folder: Path, files: dict[str, bytes]) -> dict[str, list]:
    """Of each file: what it came to, its planned and its real bytes."""
    paths = {}
    for number, (name, data) in enumerate(files.items()):
        paths[str(number)] = name
        (folder / str(number)).write_bytes(data)
    command = [sys.executable, "-m", "tests.measured_decoding", *(str(folder / n) for n in paths)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {paths[number]: found for number, found in json.loads(done.stdout).items()}


def heic_of_many_bits(mode: str, **options: object) -> bytes:
    pixels = np.full((1250, 1600, len(mode)), 40_000, np.uint16)
    file = io.BytesIO()
    made = pillow_heif.from_bytes(f"{mode};16", (1600, 1250), pixels.tobytes())
    made.save(file, enc_params={"preset": "ultrafast"}, **options)
    return file.getvalue()


def usual_pictures() -> dict[str, bytes]:
    """Two megapixels of every kind, which all have to be decoded."""
    kinds = {
        "JPEG": {}, "PNG": {}, "GIF": {}, "BMP": {}, "WEBP": {"lossless": True, "method": 0},
        "TIFF": {"compression": "tiff_lzw"}, "AVIF": {"speed": 10}, "HEIF": {}, "PPM": {},
        "JPEG2000": {}, "QOI": {}, "SGI": {}, "PCX": {},
    }  # fmt: skip
    files = {f"{form} RGB": photo_of(1600, 1250, form, **more) for form, more in kinds.items()}
    for form in ("PNG", "WEBP", "AVIF", "HEIF", "TIFF", "QOI"):
        files[f"{form} RGBA"] = photo_of(1600, 1250, form, "RGBA", **kinds[form])
    for form in ("JPEG", "PNG", "HEIF", "TIFF", "PPM"):
        files[f"{form} L"] = photo_of(1600, 1250, form, "L")
    files["progressive JPEG"] = photo_of(1600, 1250, "JPEG", progressive=True, subsampling=0)
    files["CMYK JPEG"] = photo_of(1600, 1250, "JPEG", "CMYK")
    files["WEBP of several frames"] = photo_of(
        1600, 1250, "WEBP", save_all=True, append_images=[Image.new("RGB", (1600, 1250))]
    )
    files["AVIF 4:4:4"] = photo_of(1600, 1250, "AVIF", subsampling="4:4:4", speed=10)
    files["HEIF of tiles"] = photo_of(1600, 1250, "HEIF", tile_size=512)
    files["HEIF 4:4:4"] = photo_of(1600, 1250, "HEIF", chroma=444)
    for chroma in (420, 422, 444):
        files[f"HEIF of 10 bits {chroma}"] = heic_of_many_bits("RGB", chroma=chroma)
    files["HEIF of 10 bits with alpha"] = heic_of_many_bits("RGBA", chroma=444)
    pixels = np.full((1250, 1600, 3), 7, ">u2").tobytes()
    files["PPM of 16 bits"] = b"P6 1600 1250 65535\n" + pixels
    files["PPM of words"] = b"P3 800 800 255\n" + b"255 " * 1_920_000
    return files


@pytest.mark.slow
def test_usual_pictures_take_what_their_plan_says(tmp_path) -> None:
    found = measure(tmp_path, usual_pictures())
    assert {name for name, (outcome, *_) in found.items() if outcome != "decoded"} == set()
    over = {name: one for name, one in found.items() if one[2] > one[1] + SPARE}
    assert over == {}


@pytest.mark.slow
def test_costly_pictures_take_what_their_plan_says_or_are_refused(tmp_path) -> None:
    found = measure(tmp_path, costly_pictures())
    over = {name: one for name, one in found.items() if one[2] > one[1] + SPARE}
    assert over == {}
    refused = {name: kind for name, (kind, *_) in found.items() if kind != "decoded"}
    assert set(refused.values()) <= {"too_large", "broken"}
    for name in ("PNG 1 x 1,000,000", "WebP 7000 x 7000 lossless", "JPEG of 3,600 scans"):
        assert refused[name] == "too_large"
    assert refused["TIFF 1 x 1 with a tile of 28,000 x 28,000"] == "too_large"


@pytest.mark.parametrize(
    ("width", "height", "form", "options"),
    [
        (12_000, 9_000, "JPEG", {}),
        (8_160, 6_120, "JPEG", {"progressive": True}),
        (8_064, 6_048, "HEIF", {"tile_size": 512}),
        (8_160, 6_120, "PNG", {}),
        (4_000, 3_000, "WEBP", {"method": 0}),
        (4_000, 3_000, "AVIF", {"speed": 10}),
    ],
)
def test_photos_of_phones_find_room_in_the_predictor(width, height, form, options) -> None:
    plan = plan_photo(photo_of(width, height, form, **options), 224, MOST)
    plan.need_room(DecodingRoom(ServeConfig(Path("1"), "memory").max_decoding_bytes))


def test_a_tile_counts_as_often_as_it_is_used() -> None:
    """A grid of 30 x 30 times the same small picture decodes it as often."""
    data = photo_of(512, 512, "HEIF", tile_size=256)
    place = data.index(b"dimg") + 4
    source = data[place : place + 2]
    tile = data[place + 4 : place + 6]
    reference = source + (900).to_bytes(2, "big") + tile * 900
    coded = coded_heif_pixels(with_references(data, reference)).pixels
    assert coded >= 900 * 256 * 256
    with pytest.raises(PhotoError, match="it unpacks to"):
        refuse_hidden_pixels("HEIF", coded, 512, 512)


def with_references(data: bytes, reference: bytes) -> bytes:
    """Put another reference of a grid in the place of its first one.

    The grown box goes to the end, and the old one stays as free space: places in the file count.
    """
    begin = data.index(b"meta") - 4
    size = int.from_bytes(data[begin : begin + 4], "big")
    meta = data[begin : begin + size]
    start = meta.index(b"dimg") - 4
    end = start + int.from_bytes(meta[start : start + 4], "big")
    box = (len(reference) + 8).to_bytes(4, "big") + b"dimg" + reference
    changed = bytearray(meta[:start] + box + meta[end:])
    for name in (b"iref", b"meta"):
        at = changed.index(name) - 4
        grown = int.from_bytes(changed[at : at + 4], "big") + len(box) - (end - start)
        changed[at : at + 4] = grown.to_bytes(4, "big")
    return data[: begin + 4] + b"free" + data[begin + 8 :] + bytes(changed)


@pytest.mark.parametrize("scans", [90, 101])
def test_scans_are_counted(scans) -> None:
    data = with_scans(photo_of(64, 64, "JPEG", progressive=True), scans - 9)
    if scans < 100:
        assert decode(data, 32, MOST).shape == (32, 32, 3)
    else:
        with pytest.raises(PhotoError, match="more than 100 scans") as caught:
            decode(data, 32, MOST)
        assert caught.value.kind == "too_large"


def test_scans_behind_the_picture_are_not_counted(picture, encode) -> None:
    """A camera's film in the same file may hold any bytes."""
    data = encode(picture, "JPEG", progressive=True)
    assert (decode(data + b"\xff\xda\0\2" * 500, 32, MOST) == decode(data, 32, MOST)).all()


@pytest.mark.parametrize("odd", range(8))
def test_jpeg_2000_is_shrunk_and_looks_the_same(picture, encode, odd) -> None:
    large = picture.resize((512 + odd, 520 + odd), Image.Resampling.BICUBIC)
    pixels = decode(encode(large, "JPEG2000"), 32, MOST).astype(int)
    wanted = np.asarray(large.resize((32, 32), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(pixels - wanted).mean() < 4
