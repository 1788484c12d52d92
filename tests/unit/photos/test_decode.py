import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from viewfinder_components.photos.decode import PhotoError, decode, open_photo

LIMIT = 100_000_000
SIZE = 64


def squash(picture: Image.Image, size: int = SIZE) -> np.ndarray:
    """Resize as the contract says, with Pillow alone."""
    return np.asarray(picture.convert("RGB").resize((size, size), Image.Resampling.BILINEAR))


def difference(left: np.ndarray, right: np.ndarray) -> int:
    """Return the largest difference of two pictures, in levels."""
    return int(np.abs(left.astype(int) - right.astype(int)).max())


def refusal(data: bytes, max_pixels: int = LIMIT) -> PhotoError:
    """Return what decode raises."""
    with pytest.raises(PhotoError) as caught:
        decode(data, SIZE, max_pixels)
    return caught.value


@pytest.mark.parametrize("format_name", ["PNG", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_lossless_formats_give_the_picture(picture, encode, format_name, mode) -> None:
    stored = picture.convert(mode)
    options = {"lossless": True} if format_name == "WEBP" else {}
    pixels = decode(encode(stored, format_name, **options), SIZE, LIMIT)
    assert pixels.dtype == np.uint8
    assert difference(pixels, squash(stored)) == 0


def test_jpeg_is_what_pillow_decodes(fruit) -> None:
    for data in fruit[:5]:
        with Image.open(io.BytesIO(data)) as stored:
            assert difference(decode(data, 224, LIMIT), squash(stored, 224)) <= 2


@pytest.mark.parametrize("side", [127, 128, 255, 256, 512, 513, 1030])
def test_large_jpeg_is_shrunk_and_looks_the_same(picture, encode, side) -> None:
    large = picture.resize((side, side + 9), Image.Resampling.BICUBIC)
    data = encode(large, "JPEG", quality=95, subsampling=0)
    photo = open_photo(data, SIZE, LIMIT)
    assert (photo.width, photo.height) == (side, side + 9)
    assert difference(np.asarray(photo.picture), squash(large)) <= 12


def test_grey_jpeg_has_three_equal_channels(picture, encode) -> None:
    pixels = decode(encode(picture.convert("L"), "JPEG"), SIZE, LIMIT)
    assert (pixels == pixels[..., :1]).all()


@pytest.mark.parametrize("side", [120, 600])
def test_cmyk_jpeg(picture, encode, side) -> None:
    stored = picture.resize((side, side)).convert("CMYK")
    pixels = decode(encode(stored, "JPEG", quality=95), SIZE, LIMIT)
    assert difference(pixels, squash(stored)) <= 16


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
def test_exif_orientation(picture, encode, orientation, mode) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = picture.convert(mode)
    stored.getexif()[0x0112] = orientation
    shown = ImageOps.exif_transpose(stored)
    data = encode(picture.convert(mode), "JPEG", quality=98, subsampling=0, exif=exif)
    photo = open_photo(data, SIZE, LIMIT)
    assert (photo.width, photo.height) == shown.size
    assert difference(np.asarray(photo.picture), squash(shown)) <= 14


def test_orientation_of_other_formats_is_left_alone(picture, encode) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = decode(encode(picture, "PNG", exif=exif), SIZE, LIMIT)
    assert difference(pixels, squash(picture)) == 0


@pytest.mark.parametrize(
    "exif", [b"", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM"]
)
def test_damaged_exif_means_upright(picture, encode, exif) -> None:
    plain = encode(picture, "JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    damaged = plain[:2] + segment + plain[2:]
    assert difference(decode(damaged, SIZE, LIMIT), decode(plain, SIZE, LIMIT)) == 0


def test_sixteen_bits_keep_the_high_byte(encode) -> None:
    values = np.linspace(0, 65535, SIZE * SIZE).reshape(SIZE, SIZE).astype(np.uint16)
    pixels = decode(encode(Image.fromarray(values), "PNG"), SIZE, LIMIT)
    assert (pixels[..., 0] == values >> 8).all()


def test_transparent_parts_are_white(picture, encode) -> None:
    clear = picture.convert("RGBA")
    clear.putalpha(0)
    assert (decode(encode(clear, "PNG"), SIZE, LIMIT) == 255).all()


def test_transparent_palette_entry_is_white(encode) -> None:
    stored = Image.new("P", (8, 8), 1)
    stored.putpalette([10, 20, 30, 40, 50, 60])
    assert decode(encode(stored, "PNG", transparency=1), SIZE, LIMIT).min() == 255
    assert decode(encode(stored, "GIF"), SIZE, LIMIT)[0, 0].tolist() == [40, 50, 60]


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (8000, 2)])
@pytest.mark.parametrize("format_name", ["PNG", "JPEG"])
def test_thin_pictures(encode, size, format_name) -> None:
    red = Image.new("RGB", size, (250, 10, 10))
    pixels = decode(encode(red, format_name), SIZE, LIMIT)
    assert pixels.shape == (SIZE, SIZE, 3)
    assert difference(pixels, np.full_like(pixels, (250, 10, 10))) <= 4


def test_padding_before_the_end_marker_is_harmless(picture, encode) -> None:
    data = encode(picture, "JPEG")
    padded = data[:-2] + bytes(200) + data[-2:]
    assert difference(decode(padded, SIZE, LIMIT), decode(data, SIZE, LIMIT)) == 0


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_jpeg(fruit, encode, share, progressive) -> None:
    with Image.open(io.BytesIO(fruit[0])) as photo:
        data = encode(photo, "JPEG", progressive=progressive)
    error = refusal(data[: int(share * len(data))])
    assert error.kind in ("truncated", "broken")
    assert "JPEG" in error.sentence


@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
def test_truncated_files_say_so(picture, encode, mode) -> None:
    assert refusal(encode(picture.convert(mode), "JPEG")[:-300]).kind == "truncated"
    assert refusal(encode(picture, "PNG")[:-300]).kind == "truncated"


@pytest.mark.parametrize(
    ("data", "kind", "word"),
    [
        (b"", "empty", "empty"),
        (b"hello, world", "not_a_photo", "not a picture"),
        (b"BM is how this text begins", "not_a_photo", "not a picture"),
        (bytes(1000), "not_a_photo", "not a picture"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "broken", "HEIF"),
        (b"\0\0\0\x1cftypavif", "broken", "AVIF"),
        (b"%PDF-1.7", "unsupported_format", "PDF"),
        (b"\xff\xd8\xff", "broken", "JPEG"),
        (b"\x89PNG\r\n\x1a\n", "truncated", "PNG"),
    ],
)
def test_files_that_are_no_photo(data, kind, word) -> None:
    error = refusal(data)
    assert error.kind == kind
    assert word in error.sentence


@pytest.mark.parametrize("mode", ["I", "F"])
def test_pixels_of_32_bits_are_refused(picture, encode, mode) -> None:
    assert refusal(encode(picture.convert("L").convert(mode), "TIFF")).kind == "unsupported_format"


@pytest.mark.parametrize(("format_name", "mode"), [("JPEG", "RGB"), ("JPEG", "CMYK"), ("PNG", "L")])
def test_limit_is_checked_before_decoding(picture, encode, format_name, mode) -> None:
    data = encode(picture.convert(mode), format_name)
    assert decode(data, SIZE, 120 * 90).shape == (SIZE, SIZE, 3)
    error = refusal(data, max_pixels=120 * 90 - 1)
    assert error.kind == "too_large"
    assert "120 x 90" in error.sentence


def test_decompression_bomb_is_not_unpacked() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10_000_000)))
    assert refusal(b"\x89PNG\r\n\x1a\n" + data + chunk(b"IEND", b"")).kind == "too_large"


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF"])
def test_damage_never_raises_anything_else(picture, encode, format_name) -> None:
    data = encode(picture, format_name)
    outcomes = set()
    for seed in range(150):
        generator = np.random.default_rng(seed)
        damaged = bytearray(data)
        for _ in range(generator.choice([1, 2, 8, 64])):
            end = min(700, len(data)) if generator.random() < 0.5 else len(data)
            damaged[generator.integers(3, end)] = generator.integers(256)
        if generator.random() < 0.2:
            del damaged[generator.integers(len(damaged)) :]
        try:
            assert decode(bytes(damaged), SIZE, 10_000_000).shape == (SIZE, SIZE, 3)
            outcomes.add("photo")
        except PhotoError as error:
            outcomes.add(error.kind)
    assert len(outcomes) > 1, "the damage did no harm: the test shows nothing"
