"""Folders of photos, an honest one and one with everything that goes wrong, as real files."""

import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from tests.fixtures.photos import fruit_photos

from viewfinder_components.validation.validate import (
    ValidationConfig,
    ValidationResult,
    validate_photos,
)


class Validation:
    """Runs validate_photos and reads what it wrote."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.index_dir = directory / "index"
        self.pixels_dir = directory / "pixels"
        self.report = directory / "report.html"

    def run(self, data: Path | str, **config: object) -> ValidationResult:
        """Validate photos; by default no gate stands in the way."""
        open_gates = {
            "max_unreadable": 1.0,
            "max_leakage": 1.0,
            "min_photos_per_class": 1,
            "min_test_photos_per_class": 0,
        }
        settings = ValidationConfig(**{"image_size": 64, **open_gates, **config})
        return validate_photos(str(data), self.index_dir, self.pixels_dir, self.report, settings)

    def rows(self) -> list[dict[str, object]]:
        """Return the rows of the index."""
        return pq.read_table(self.index_dir / "index.parquet").to_pylist()

    def by_name(self) -> dict[str, dict[str, object]]:
        """Return the rows by file name."""
        return {str(row["uri"]).rpartition("/")[2]: row for row in self.rows()}

    def pixels(self) -> np.ndarray:
        """Return all decoded photos."""
        parts = sorted(self.pixels_dir.glob("part-*.npy"))
        return np.concatenate([np.load(part) for part in parts])


@pytest.fixture
def validation(tmp_path) -> Validation:
    """Return a place to validate photos in."""
    return Validation(tmp_path / "out")


@pytest.fixture
def fill() -> Callable[[Path, dict[str, bytes]], Path]:
    """Return a function that writes files below a folder."""

    def fill(root: Path, files: dict[str, bytes]) -> Path:
        for path, data in files.items():
            _write(root / path, data)
        return root

    return fill


@pytest.fixture(scope="session")
def fruit() -> list[bytes]:
    """Return 60 JPEG files that are all different and look different."""
    return fruit_photos(60)


@pytest.fixture(scope="session")
def resaved(fruit) -> list[bytes]:
    """Return the same photos, smaller and saved again: near duplicates."""
    copies = []
    for data in fruit:
        with Image.open(io.BytesIO(data)) as photo:
            small = photo.resize((photo.width * 2 // 3, photo.height * 2 // 3))
            copies.append(save(small, "JPEG", quality=80))
    return copies


@pytest.fixture(scope="session")
def drawn() -> list[bytes]:
    """Return 400 small JPEG files with soft shapes that all look different."""
    return [save(small_picture(1000 + seed, (48, 48)), "JPEG") for seed in range(400)]


@pytest.fixture(scope="session")
def nasty(tmp_path_factory) -> tuple[Path, dict[str, tuple[str, str]]]:
    """Return the nasty folder, and what must become of the files that must not be used."""
    root = tmp_path_factory.mktemp("nasty")
    return root, make_nasty_folder(root)


def save(picture: Image.Image, format_name: str, **options: object) -> bytes:
    """Encode a picture."""
    buffer = io.BytesIO()
    picture.save(buffer, format_name, **options)
    return buffer.getvalue()


def small_picture(seed: int, size: tuple[int, int] = (96, 80)) -> Image.Image:
    """Return a picture with soft shapes that no other seed gives."""
    noise = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def with_orientation(picture: Image.Image, orientation: int) -> bytes:
    """Encode a JPEG whose EXIF says how it is to be turned."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return save(picture, "JPEG", quality=95, subsampling=0, exif=exif)


def png_header_only(width: int, height: int) -> bytes:
    """Return a PNG of any size in a few bytes: what a decompression bomb begins with."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)


def make_nasty_folder(root: Path) -> dict[str, tuple[str, str]]:
    """Fill `root` with a folder of two honest classes and everything nasty.

    Returns:
        For each path below `root` that must not be used, its status and a word of its reason.
    """
    photos = fruit_photos(30)
    for number, photo in enumerate(photos):
        label = "apple" if number < 20 else "Früchte 🍐"
        _write(root / label / f"photo {number:02} 🍏.jpg", photo)
    _write_odd_photos(root)
    return {**_write_refused(root, photos), **_write_strange_files(root, photos)}


def _write_odd_photos(root: Path) -> None:
    """Photos that are unusual and nevertheless usable."""
    folder = root / "apple" / "nested" / "deeper"
    grey16 = np.linspace(0, 65535, 80 * 96).reshape(80, 96).astype(np.uint16)
    clear = small_picture(1).convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    usable = {
        "gif named.jpg": save(small_picture(2), "GIF"),
        "png named.jpg": save(small_picture(3), "PNG"),
        "jpeg named.png": save(small_picture(4), "JPEG"),
        "no suffix": save(small_picture(5), "JPEG"),
        "cmyk.jpg": save(small_picture(6).convert("CMYK"), "JPEG"),
        "16 bit.png": save(Image.fromarray(grey16), "PNG"),
        "palette.png": save(small_picture(7).convert("P"), "PNG"),
        "transparent.png": save(clear, "PNG"),
        "webp.webp": save(small_picture(8), "WEBP"),
        "tiff.tif": save(small_picture(9), "TIFF"),
        "bmp.bmp": save(small_picture(10), "BMP"),
        "thin.png": save(small_picture(11, (1, 500)), "PNG"),
        "dot.png": save(Image.new("RGB", (1, 1), "red"), "PNG"),
        "huge.jpg": save(small_picture(12).resize((10_000, 9_999)), "JPEG", quality=20),
        "train.jpg": save(small_picture(13), "JPEG"),
        "100%.jpg": save(small_picture(14), "JPEG"),
        "new\nline.jpg": save(small_picture(15), "JPEG"),
        "Ελλάδα 日本 العربية.jpg": save(small_picture(16), "JPEG"),
    }
    for orientation in range(1, 9):
        picture = small_picture(20 + orientation)
        usable[f"turned {orientation}.jpg"] = with_orientation(picture, orientation)
    for name, data in usable.items():
        _write(folder / name, data)
    _write_bytes_name(os.fsencode(folder) + b"/caf\xe9.jpg", save(small_picture(17), "JPEG"))
    _write(root / "test" / "a class called like a split.jpg", save(small_picture(18), "JPEG"))
    _write(root / "test" / "another.jpg", save(small_picture(19), "JPEG"))
    # One class, whatever the keyboard: composed and decomposed.
    _write(root / "caf\u00e9" / "1.jpg", save(small_picture(40), "JPEG"))
    _write(root / "cafe\u0301" / "2.jpg", save(small_picture(41), "JPEG"))


def _write_refused(root: Path, photos: list[bytes]) -> dict[str, tuple[str, str]]:
    """Files that should be photos and are none."""
    bad = {
        "empty.jpg": (b"", "empty"),
        "truncated.jpg": (photos[0][: len(photos[0]) // 2], "truncated"),
        "truncated.png": (save(small_picture(50), "PNG")[:-200], "truncated"),
        "text.jpg": (b"This is no photo.", "not a picture"),
        "bomb.png": (png_header_only(60_000, 60_000), "more than the limit"),
        "phone.heic": (HEIC, "HEIF"),
        "film.jpg": (b"\0\0\0\x18ftypisom" + bytes(2_000_000), "not a picture"),
    }
    for name, (data, _) in bad.items():
        _write(root / "apple" / name, data)
    return {f"apple/{name}": ("unreadable", word) for name, (_, word) in bad.items()}


def _write_strange_files(root: Path, photos: list[bytes]) -> dict[str, tuple[str, str]]:
    """Everything in a folder that is not a file with a photo of its own."""
    _write(root / ".DS_Store", b"\0\0\0\1Bud1")
    _write(root / "apple" / "Thumbs.db", b"\xd0\xcf\x11\xe0")
    _write(root / "apple" / "._photo.jpg", b"\0\5\x16\7")
    _write(root / ".git" / "HEAD", b"ref")
    _write(root / "beside.jpg", photos[0])
    _write(root / "apple" / "notes.txt", b"from the market")
    _write(root / "apple" / "zz copy.jpg", photos[0])
    _write(root / "apple" / "zz torn.jpg", save(small_picture(60), "JPEG"))
    _write(root / "Früchte 🍐" / "torn too.jpg", save(small_picture(60), "JPEG"))
    (root / "empty class").mkdir()
    (root / "apple" / "loop").symlink_to("..")
    (root / "apple" / "self").symlink_to("self")
    (root / "apple" / "broken.jpg").symlink_to("nowhere.jpg")
    (root / "apple" / "zz link.jpg").symlink_to("photo 01 🍏.jpg")
    os.mkfifo(root / "apple" / "pipe.jpg")
    return {
        ".DS_Store": ("ignored", "hidden"),
        ".git/": ("ignored", "hidden"),
        "apple/Thumbs.db": ("ignored", "hidden"),
        "apple/._photo.jpg": ("ignored", "hidden"),
        "beside.jpg": ("ignored", "next to the class folders"),
        "apple/notes.txt": ("ignored", "not a picture"),
        "apple/zz copy.jpg": ("duplicate", "photo 00"),
        "apple/zz torn.jpg": ("conflict", "Früchte 🍐"),
        "Früchte 🍐/torn too.jpg": ("conflict", "class apple"),
        "empty class/": ("ignored", "empty"),
        "apple/loop/": ("ignored", "already being read"),
        "apple/self": ("ignored", "already being read"),
        "apple/broken.jpg": ("ignored", "nowhere"),
        "apple/zz link.jpg": ("duplicate", "photo 01"),
        "apple/pipe.jpg": ("ignored", "neither a file nor a folder"),
    }


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _write_bytes_name(path: bytes, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)
