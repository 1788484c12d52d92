"""Read the pictures that libjpeg-turbo alone does not: all except most JPEGs."""

import io
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from viewfinder_components.photos.formats import AVIF, JPEG, JPEG2000
from viewfinder_components.photos.photo_error import PhotoError, describe
from viewfinder_components.photos.pictures.bands import Rows
from viewfinder_components.photos.pictures.orientation import ORIENTATION_TAG, UPRIGHT
from viewfinder_components.photos.room import OutOfTimeError, need_time

_UNREADABLE_MODES = ("I", "F")  # 32 bits per pixel: it is unknown which value is white
_SUBFILE_TYPE = 254  # TIFF's tag; its lowest bit says that a picture is a preview of another

# decode() checks every picture against the caller's own limit before it reads a pixel; Pillow's
# second limit would turn some of them into warnings.
Image.MAX_IMAGE_PIXELS = None


class _WatchedFile(io.BytesIO):
    """A file in memory that cannot be read beyond a deadline.

    Pillow's decoders read again every 64 KB or, if they are written in Python, every few bytes:
    that is where they can be stopped.
    """

    def __init__(self, data: bytes, deadline: float) -> None:
        super().__init__(data)
        self._deadline = deadline

    def read(self, size: int | None = -1, /) -> bytes:
        need_time(self._deadline)
        return super().read(size)


def open_picture(data: bytes, name: str, deadline: float | None = None) -> Image.Image:
    """Read a picture's header.

    Args:
        data: The file.
        name: Pillow's name of the format indicated by the file's first bytes.
        deadline: When to stop reading, in seconds of `time.monotonic`; None for never.

    Raises:
        PhotoError: The header is damaged, or the picture is only a preview of another.
        OutOfTimeError: The deadline has passed.
    """
    file = io.BytesIO(data) if deadline is None else _WatchedFile(data, deadline)
    try:
        picture = Image.open(file, formats=[name])
        tags = picture.getexif() if name == "TIFF" else {}
        is_preview = int(tags.get(_SUBFILE_TYPE, 0)) & 1
    except OutOfTimeError:
        raise
    except Exception as error:  # Pillow's parsers may raise anything on bad input
        raise damaged_header(name, error) from error
    if is_preview:
        raise PhotoError(
            "unsupported_format",
            "the file is a camera's raw file, of which only a preview can be read; save it as JPEG",
        )
    return picture


def damaged_header(name: str, error: Exception) -> PhotoError:
    """Return the error for a picture that a library cannot open."""
    return PhotoError("broken", f"the {name} header is damaged ({describe(error)})")


def load_picture(picture: Image.Image, reduce: int = 1) -> Rows:
    """Decode the first frame; its rows come as RGB, transparent parts over white.

    Args:
        picture: As returned by `open_picture`.
        reduce: 1, 2, 4 or 8: shrink both sides by it, rounding up. For JPEG and JPEG 2000 only.

    Raises:
        PhotoError: The pixels are truncated, damaged or of an unusual kind.
        OutOfTimeError: The deadline given to `open_picture` has passed.
    """
    name = picture.format or "picture"
    try:
        if reduce > 1:
            _reduce(picture, reduce)
        picture.load()
    except OutOfTimeError:
        raise
    except Exception as error:  # as above
        raise damaged_pixels(name, error) from error
    return rows_of(picture, name)


def damaged_pixels(name: str, error: Exception) -> PhotoError:
    """Return the error for a picture that a library cannot decode."""
    if isinstance(error, MemoryError):
        return PhotoError("too_large", f"there is not enough memory to decode the {name}")
    if "truncated" in str(error).lower():
        return PhotoError("truncated", f"the {name} is truncated ({describe(error)})")
    return PhotoError("broken", f"the {name} is damaged ({describe(error)})")


def rows_of(picture: Image.Image, name: str) -> Rows:
    """Return how to get the rows of a decoded picture.

    Args:
        picture: Any Pillow picture.
        name: Its format, for what differs between formats and for messages.

    Raises:
        PhotoError: The pixels are of an unusual kind.
    """
    if picture.mode in _UNREADABLE_MODES and (name, picture.mode) != ("PPM", "I"):
        raise PhotoError(
            "unsupported_format",
            f"the {name} has 32 bits per pixel (mode {picture.mode}); save it with 8 or 16",
        )

    def rows(top: int, bottom: int) -> Image.Image:
        whole = (top, bottom) == (0, picture.height)
        band = picture if whole else picture.crop((0, top, picture.width, bottom))
        try:
            return _as_rgb(band, name)
        except Exception as error:  # an invalid palette
            raise damaged_pixels(name, error) from error

    return rows


def _reduce(picture: Image.Image, reduce: int) -> None:
    if picture.format == JPEG2000:
        decoder = cast(Any, picture)
        # A property of this format's class, which shadows a method of all pictures. Pillow rounds
        # where OpenJPEG rounds up, and then considers the picture damaged.
        decoder.reduce = reduce.bit_length() - 1
        decoder._size = tuple(-(-side // reduce) * reduce for side in picture.size)
    else:
        picture.draft(None, (picture.width // reduce, picture.height // reduce))


def picture_orientation(picture: Image.Image) -> int:
    """Return how to rotate a decoded picture, 1 to 8 as in EXIF.

    Pillow returns an AVIF's own properties as its EXIF, and ignores its real EXIF, as every browser
    does. The EXIF of all other formats is ignored too.
    """
    value = picture.getexif().get(ORIENTATION_TAG) if picture.format == AVIF else UPRIGHT
    return value if isinstance(value, int) and 1 <= value <= 8 else UPRIGHT


def _as_rgb(picture: Image.Image, name: str) -> Image.Image:
    # PPM's mode I: white is 65,535 whatever the file states.
    if picture.mode == "I" or picture.mode.startswith("I;16"):
        return _from_sixteen_bits(picture)
    if name == JPEG and picture.mode == "CMYK" and "adobe" not in picture.info:
        # Pillow treats every CMYK JPEG as one of Adobe's, which store the complement.
        return ImageChops.invert(picture).convert("RGB")
    if not picture.has_transparency_data:
        return picture if picture.mode == "RGB" else picture.convert("RGB")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")


def _from_sixteen_bits(picture: Image.Image) -> Image.Image:
    values: NDArray[np.uint8] = (np.asarray(picture) >> 8).astype(np.uint8)
    return Image.fromarray(values).convert("RGB")
