"""Photos as phones, cameras and old data sets have them, besides JPEG and PNG."""

import io
import struct
import zlib

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageOps

from viewfinder_components.photos.decode import PhotoError, decode, open_photo
from viewfinder_components.photos.formats import HEAD_BYTES, detect_format
from viewfinder_components.photos.photo_error import describe

SIZE = 64
LIMIT = 100_000_000


def squash(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR))


def difference(data: bytes, picture: Image.Image) -> int:
    return int(np.abs(decode(data, SIZE, LIMIT).astype(int) - squash(picture).astype(int)).max())


def turned(picture: Image.Image, orientation: int) -> tuple[Image.Image, bytes]:
    """Return a picture as a viewer shows it, and the EXIF that says so."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    shown = picture.copy()
    shown.getexif()[0x0112] = orientation
    return ImageOps.exif_transpose(shown), exif.tobytes()


def heic(picture: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    pillow_heif.from_pillow(picture).save(file, quality=95, **options)
    return file.getvalue()


def without_turning(data: bytes) -> bytes:
    return data.replace(b"irot", b"free").replace(b"imir", b"free")


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("format_name", ["PPM", "JPEG2000", "SGI", "PCX", "QOI"])
def test_lossless_formats_give_the_picture(picture, encode, format_name, mode) -> None:
    stored = picture.convert(mode)
    if (format_name, mode) == ("QOI", "L"):
        stored = stored.convert("RGB")
    options = {"irreversible": False} if format_name == "JPEG2000" else {}
    assert difference(encode(stored, format_name, **options), stored) == 0


@pytest.mark.parametrize(
    ("head", "shape"),
    [("P4 8 2 ", (8, 2)), ("P5\n# a comment\n2 1\n255\n", (2, 1)), ("P3\n1 1 255 9 9 9 ", (1, 1))],
)
def test_every_kind_of_portable_map(head, shape) -> None:
    photo = open_photo(head.encode() + bytes(8), SIZE, LIMIT)
    assert (photo.width, photo.height) == shape


def test_portable_greymap_of_sixteen_bits_keeps_the_high_byte() -> None:
    values = np.linspace(0, 65535, SIZE * SIZE).astype(">u2").reshape(SIZE, SIZE)
    pixels = decode(b"P5 64 64 65535\n" + values.tobytes(), SIZE, LIMIT)
    assert (pixels[..., 0] == values >> 8).all()


def test_raw_codestream_of_jpeg_2000(picture, encode) -> None:
    assert difference(encode(picture, "JPEG2000", no_jp2=True, irreversible=False), picture) == 0


def test_big_tiff(picture, encode) -> None:
    data = encode(picture, "TIFF", big_tiff=True)
    assert data[:4] == b"II+\0"
    assert difference(data, picture) == 0


def test_photoshop_and_sun_raster(picture) -> None:
    values = np.asarray(picture)
    planes = values.transpose(2, 0, 1).tobytes()
    height, width = values.shape[:2]
    photoshop = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, height, width, 8, 3)
    assert difference(photoshop + bytes(12) + b"\0\0" + planes, picture) == 0
    sun = struct.pack(">8I", 0x59A66A95, width, height, 24, values.size, 3, 0, 0)
    assert difference(sun + values.tobytes(), picture) == 0


@pytest.mark.parametrize("alpha", [False, True])
def test_phones_photos(picture, encode, alpha) -> None:
    shown = picture.resize((240, 180), Image.Resampling.BICUBIC)
    stored = shown.convert("RGBA") if alpha else shown
    if alpha:
        stored.putalpha(0)
        shown = Image.new("RGB", shown.size, "white")
    for data in (heic(stored), encode(stored, "AVIF", quality=95)):
        assert difference(data, shown) <= 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_phones_photos_are_turned_once(picture, encode, orientation) -> None:
    large = picture.resize((240, 180), Image.Resampling.BICUBIC)
    shown, exif = turned(large, orientation)
    files = {
        "its properties and its EXIF": heic(large, exif=exif),
        "its EXIF alone": heic(large, exif=exif)
        .replace(b"irot", b"free")
        .replace(b"imir", b"free"),
        "an AVIF's properties": encode(large, "AVIF", quality=95, exif=exif),
    }
    for said_by, data in files.items():
        photo = open_photo(data, SIZE, LIMIT)
        assert (photo.width, photo.height) == shown.size, said_by
        assert difference(data, shown) <= 10, said_by


def test_a_phones_photo_of_a_general_brand_is_told_by_the_compatible_ones(picture, encode) -> None:
    avif, heif = encode(picture, "AVIF"), heic(picture)
    for data, name in ((avif, "AVIF"), (heif, "HEIF")):
        general = data[:8] + b"mif1" + data[12:]
        assert detect_format(general[:HEAD_BYTES]) == name
        assert decode(general, SIZE, LIMIT).shape == (SIZE, SIZE, 3)


@pytest.mark.parametrize("format_name", ["AVIF", "HEIF", "JPEG2000", "PPM", "PCX", "SGI", "QOI"])
def test_damage_never_raises_anything_else(picture, encode, format_name) -> None:
    data = heic(picture) if format_name == "HEIF" else encode(picture, format_name)
    outcomes = set()
    for seed in range(60):
        generator = np.random.default_rng(seed)
        damaged = bytearray(data)
        for _ in range(generator.choice([1, 2, 8])):
            damaged[generator.integers(12, len(data))] = generator.integers(256)
        if generator.random() < 0.3:
            del damaged[generator.integers(12, len(damaged)) :]
        try:
            assert decode(bytes(damaged), SIZE, 10_000_000).shape == (SIZE, SIZE, 3)
            outcomes.add("photo")
        except PhotoError as error:
            outcomes.add("address" if " at 0x" in error.sentence else error.kind)
    assert "address" not in outcomes
    assert len(outcomes) > 1, "the damage did no harm: the test shows nothing"


@pytest.mark.parametrize("format_name", ["AVIF", "HEIF", "JPEG2000", "PPM", "QOI"])
def test_limit_is_checked_before_decoding(picture, encode, format_name) -> None:
    data = heic(picture) if format_name == "HEIF" else encode(picture, format_name)
    with pytest.raises(PhotoError, match="120 x 90") as caught:
        decode(data, SIZE, 120 * 90 - 1)
    assert caught.value.kind == "too_large"


@pytest.mark.parametrize("tiles", [0, 2])
@pytest.mark.parametrize("alpha", [False, True])
def test_a_large_avif_is_read(picture, encode, tiles, alpha) -> None:
    large = picture.resize((1600, 1200))
    stored = large.convert("RGBA") if alpha else large
    data = encode(stored, "AVIF", speed=10, tile_cols=tiles, autotiling=False)
    assert difference(data, large) <= 8


@pytest.mark.parametrize("format_name", ["AVIF", "HEIF", "JPEG2000"])
def test_pixels_that_a_file_hides_are_not_unpacked(encode, format_name) -> None:
    """A file that says 64 x 64 and holds 3000 x 3000 takes no memory for it."""
    large = Image.new("RGB", (3000, 3000))
    data = bytearray(heic(large) if format_name == "HEIF" else encode(large, format_name))
    name = b"ihdr" if format_name == "JPEG2000" else b"ispe"
    content = data.index(name) + (4 if format_name == "JPEG2000" else 8)
    data[content : content + 8] = struct.pack(">II", 64, 64)
    with pytest.raises(PhotoError) as caught:
        decode(bytes(data), SIZE, LIMIT)
    assert caught.value.kind == "broken"


def test_tiles_that_fill_the_memory_are_not_unpacked() -> None:
    tags = {256: 64, 257: 64, 258: 8, 259: 8, 262: 1, 277: 1, 322: 60_000, 323: 60_000}
    pixels = zlib.compress(bytes(1_000_000))
    tags |= {324: 8 + 2 + 12 * 10 + 4, 325: len(pixels)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    data = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + pixels
    with pytest.raises(PhotoError, match="tiles are 60000 x 60000, larger than the picture"):
        decode(data, SIZE, LIMIT)


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (b"II*\0\x10\0\0\0CR\2\0", "Canon CR2"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1", "Canon CR3"),
        (b"\0\0\0\x18ftypavis\0\0\0\0avif", "animated AVIF"),
        (b"FUJIFILMCCD-RAW 0201", "Fujifilm"),
        (b"P7\nWIDTH 3\n", "PAM"),
        (b"\xff\x0a\xfa\x7f", "JPEG XL"),
        (b"\0\0\1\0\1\0\x10\x10", "icon"),
        (b"8BPS\0\2", "Photoshop"),
    ],
)
def test_pictures_that_cannot_be_read_are_named(head, word) -> None:
    with pytest.raises(PhotoError, match=word) as caught:
        decode(head + bytes(80), SIZE, LIMIT)
    assert caught.value.kind == "unsupported_format"


def test_the_preview_in_a_raw_file_is_not_taken_for_the_photo(picture, encode) -> None:
    preview = encode(picture, "TIFF", tiffinfo={254: 1})
    with pytest.raises(PhotoError, match="only a preview"):
        decode(preview, SIZE, LIMIT)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "cannot identify image file <_io.BytesIO object at 0x7f1bd8>",
            "cannot identify image file",
        ),
        ("a <Foo at 0xAB>, and <b.C object at 0x1> more", "a, and more"),
        ("two\nlines\x00", "two lines"),
        ("", "ValueError"),
        ("x" * 500, "x" * 200 + " ..."),
        ("caf\udce9", "caf?"),
    ],
)
def test_what_a_library_says_is_the_same_in_every_process(text, said) -> None:
    assert describe(ValueError(text)) == said
