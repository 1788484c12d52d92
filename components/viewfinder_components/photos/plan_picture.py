"""What decoding takes in every format except JPEG: all pixels of the picture, and often more."""

from typing import NamedTuple

from PIL import Image, ImageFile

from viewfinder_components.photos.formats import AVIF, HEIF, JPEG2000, PNG, WEBP
from viewfinder_components.photos.photo_error import PhotoError
from viewfinder_components.photos.pictures.bands import squash, squash_bytes
from viewfinder_components.photos.pictures.coded_items import (
    coded_avif_pixels,
    refuse_hidden_pixels,
)
from viewfinder_components.photos.pictures.gif import first_frame
from viewfinder_components.photos.pictures.heif import open_heif
from viewfinder_components.photos.pictures.jpeg import reduction
from viewfinder_components.photos.pictures.jpeg2000 import read_jpeg2000
from viewfinder_components.photos.pictures.picture import (
    load_picture,
    open_picture,
    picture_orientation,
)
from viewfinder_components.photos.pictures.png import read_png
from viewfinder_components.photos.pictures.tiff import tiff_bytes
from viewfinder_components.photos.pictures.webp import read_webp_size
from viewfinder_components.photos.plan import Photo, Plan, need_pixels, upright

# Bytes per pixel, measured with 24 megapixels of each kind: what Pillow keeps, and what the
# libraries below it have at the same time.
_PICTURE_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
_OTHER_MODES_BYTES = 4
_LIBRARY_BYTES = {
    AVIF: 10,  # 5 for 4:2:0 with 8 bits, 7.5 with transparency
    "SGI": 2,
    JPEG2000: 16,
}
_WEBP_BYTES = 17  # the picture, two canvases, the decoder's own, a copy
_SLOW_BYTES, _SLOW_EXTRA = 8, 24_000_000  # decoders written in Python
_JPEG2000_BYTES = 1  # for each pixel of the largest version, even where it is not decoded
# Of formats whose decoders are written in Python, at about a microsecond per pixel.
_MOST_SLOW_PIXELS = 12_000_000
_MOST_SLOW_BYTES = 150_000_000
# OpenJPEG holds the interpreter's lock while it decodes, one second for 8 megapixels.
_MOST_JPEG2000_PIXELS = 4_000_000


def plan_png(data: bytes, size: int, max_pixels: int, deadline: float | None = None) -> Plan:
    """Read a PNG's header; the arguments are those of `decode.plan_photo`.

    Raises:
        PhotoError: It is not a photo, or too large.
    """
    png = read_png(data)
    width, height = png.header.width, png.header.height
    need_pixels(width, height, max_pixels)

    def finish() -> Photo:
        png.need_all_pixels(deadline)
        rows = load_picture(open_picture(png.file(), PNG, deadline))
        return Photo(squash(width, height, size, rows), width, height)

    pixels = width * height * png.header.pixel_bytes()
    return Plan(PNG, width, height, _sum(pixels, len(data), width, height, size), finish, deadline)


def plan_heif(data: bytes, size: int, max_pixels: int, deadline: float | None = None) -> Plan:
    """Read a HEIC's header; the arguments are those of `decode.plan_photo`.

    Raises:
        PhotoError: It is not a photo, or too large.
    """
    heif = open_heif(data)
    width, height = heif.width, heif.height
    need_pixels(width, height, max_pixels)

    def finish() -> Photo:
        across, down, rows = heif.load()
        return upright(squash(across, down, size, rows), width, height, heif.orientation)

    taken = _sum(heif.bytes, len(data), width, height, size)
    return Plan(HEIF, width, height, taken, finish, deadline)


def plan_webp(data: bytes, size: int, max_pixels: int, deadline: float | None = None) -> Plan:
    """Read a WebP's header; the arguments are those of `decode.plan_photo`.

    Raises:
        PhotoError: It is not a photo, or too large.
    """
    width, height = read_webp_size(data)
    need_pixels(width, height, max_pixels)

    def finish() -> Photo:
        picture = open_picture(data, WEBP, deadline)  # which already allocates memory
        if picture.width > width or picture.height > height:
            raise PhotoError("broken", "the WEBP is damaged (its parts state different sizes)")
        squashed = squash(*picture.size, size, load_picture(picture))
        return Photo(squashed, *picture.size)

    taken = _sum(width * height * _WEBP_BYTES, len(data), width, height, size)
    return Plan(WEBP, width, height, taken, finish, deadline)


def plan_picture(
    data: bytes, name: str, size: int, max_pixels: int, deadline: float | None = None
) -> Plan:
    """Read the header of any other format that Pillow knows; see `decode.plan_photo`.

    Args:
        data: The file.
        name: Pillow's name of its format.
        size: Side of the square to make, in pixels.
        max_pixels: Maximum number of pixels to decode.
        deadline: When to stop, in seconds of `time.monotonic`; None for never.

    Raises:
        PhotoError: It is not a photo, or too large.
    """
    source = _prepare(data, name)
    picture = open_picture(source.data, name, deadline)
    width, height = picture.size
    need_pixels(width, height, max_pixels)
    _need_quick(picture, len(data))
    if name == AVIF:
        refuse_hidden_pixels(name, source.coded, width, height)
    shrink = _shrink(source.data, width, height, size) if name == JPEG2000 else 1

    def finish() -> Photo:
        rows = load_picture(picture, shrink)
        squashed = squash(picture.width, picture.height, size, rows)
        return upright(squashed, width, height, picture_orientation(picture))

    pixels = source.extra + _pixel_bytes(picture, name, width, height, shrink)
    return Plan(name, width, height, _sum(pixels, len(data), width, height, size), finish, deadline)


def _pixel_bytes(picture: Image.Image, name: str, width: int, height: int, shrink: int) -> int:
    kept = _PICTURE_BYTES.get(picture.mode, _OTHER_MODES_BYTES) + _LIBRARY_BYTES.get(name, 0)
    taken = kept * width * height // shrink**2
    if _is_slow(picture):
        taken += _SLOW_BYTES * width * height + _SLOW_EXTRA
    if name == JPEG2000:
        taken += _JPEG2000_BYTES * width * height
    return taken


class _Source(NamedTuple):
    data: bytes
    extra: int = 0
    """Memory that decoding takes besides the pixels."""
    coded: int = 0
    """Pixels that the file unpacks to, if known."""


def _prepare(data: bytes, name: str) -> _Source:
    """Check what Pillow would read without a limit, before it does."""
    if name == "GIF":
        return _Source(first_frame(data))
    if name == "TIFF":
        return _Source(data, tiff_bytes(data))
    if name == AVIF:
        return _Source(data, coded=coded_avif_pixels(data))
    return _Source(data)


def _is_slow(picture: Image.Image) -> bool:
    tile = picture.tile if isinstance(picture, ImageFile.ImageFile) else []
    return bool(tile) and tile[0].codec_name in Image.DECODERS


def _need_quick(picture: Image.Image, size: int) -> None:
    """Refuse what would keep the interpreter busy for minutes."""
    pixels = picture.width * picture.height
    if _is_slow(picture) and (pixels > _MOST_SLOW_PIXELS or size > _MOST_SLOW_BYTES):
        raise PhotoError(
            "too_large",
            f"the {picture.format} has {picture.width:,} x {picture.height:,} pixels, more than "
            f"the limit of {_MOST_SLOW_PIXELS:,} for this slow format; save it as JPEG",
        )


def _shrink(data: bytes, width: int, height: int, size: int) -> int:
    """Return how far a JPEG 2000 is shrunk while it is decoded, by the rule for JPEGs."""
    coded = read_jpeg2000(data)
    if coded is None or (coded.width, coded.height) != (width, height):
        raise PhotoError(
            "broken", "the JPEG 2000 is damaged (its headers differ, or are truncated)"
        )
    shrink = min(reduction(width, height, size), 1 << min(coded.levels, 3))
    if width * height > _MOST_JPEG2000_PIXELS * shrink**2:
        raise PhotoError(
            "too_large",
            f"the JPEG 2000 has {width:,} x {height:,} pixels, and no smaller version of itself; "
            "save it as JPEG",
        )
    return shrink


def _sum(pixels: int, file: int, width: int, height: int, size: int) -> int:
    # The library may keep a second copy of the file.
    return pixels + file + squash_bytes(width, height, size)
