"""Read every picture that libjpeg-turbo alone does not: all but most JPEGs."""

import io
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from viewfinder_components.photos.formats import AVIF, HEIF, JPEG
from viewfinder_components.photos.photo_error import PhotoError, describe
from viewfinder_components.photos.pictures.orientation import ORIENTATION_TAG, UPRIGHT

_UNREADABLE_MODES = ("I", "F")  # 32 bits a pixel: no telling which value is white
# ISO/IEC 23008-12, 6.5.10 and 6.5.12: length and name of the properties that turn and mirror.
_TURNING_BOXES = (b"\0\0\0\x09irot", b"\0\0\0\x09imir")
_TILE_WIDTH, _TILE_LENGTH = 322, 323  # TIFF's tags
_SPARE_PIXELS = 4_000_000  # a tile may stand over the edge; a larger one is made to fill memory
_SUBFILE_TYPE = 254  # TIFF's tag; its lowest bit says that a picture is a preview of another

# decode() holds every picture against the caller's own limit before it reads a pixel; Pillow's
# second limit would turn some of them into warnings.
Image.MAX_IMAGE_PIXELS = None


def open_picture(data: bytes, name: str) -> Image.Image:
    """Read a picture's header.

    Args:
        data: The file.
        name: Pillow's name of the format that the file's first bytes promise.

    Raises:
        PhotoError: The header is damaged, or the picture is only the preview of another.
    """
    if name == HEIF:
        _load_heif()
    try:
        picture = Image.open(io.BytesIO(data), formats=[name])
        tags = picture.getexif() if name == "TIFF" else {}
        is_preview = int(tags.get(_SUBFILE_TYPE, 0)) & 1
        tile = int(tags.get(_TILE_WIDTH, 0)), int(tags.get(_TILE_LENGTH, 0))
    except Exception as error:  # Pillow's parsers raise whatever the bytes lead them into
        reason = f"the {name} header is damaged ({describe(error)})"
        raise PhotoError("broken", reason) from error
    if tile[0] * tile[1] > _SPARE_PIXELS + picture.width * picture.height:
        raise PhotoError(
            "broken",
            f"the TIFF is damaged (its tiles are {tile[0]} x {tile[1]}, and it says "
            f"{picture.width} x {picture.height})",
        )
    if is_preview:
        raise PhotoError(
            "unsupported_format",
            "the file is a camera's raw file, of which only a preview can be read; save it as JPEG",
        )
    return picture


def decode_picture(picture: Image.Image, reduce: int = 1) -> Image.Image:
    """Decode the first frame to RGB, transparent parts over white.

    Args:
        picture: As `open_picture` returned it.
        reduce: 1, 2, 4 or 8: shrink both sides by it, rounding up. For JPEG only.

    Raises:
        PhotoError: The pixels are cut short, damaged or of an unusual kind.
    """
    name = picture.format or "picture"
    try:
        if reduce > 1:
            picture.draft(None, (picture.width // reduce, picture.height // reduce))
        picture.load()
        return _as_rgb(picture)
    except PhotoError:
        raise
    except Exception as error:  # as above
        if "truncated" in str(error).lower():
            raise PhotoError("truncated", f"the {name} is cut short ({describe(error)})") from error
        raise PhotoError("broken", f"the {name} is damaged ({describe(error)})") from error


def picture_orientation(picture: Image.Image, data: bytes) -> int:
    """Return how a decoded picture is to be turned, 1 to 8 as in EXIF.

    - AVIF: Pillow hands on as EXIF what the file's own properties say; its EXIF does not count, as
      in every browser.
    - HEIC: libheif has turned it already as the properties say. Where there are none, EXIF counts:
      the standard says otherwise, but phones and photo editors write such files, and Apple's
      viewers turn them.
    - The EXIF of all other formats does not count.
    """
    value: object = UPRIGHT
    if picture.format == AVIF:
        value = picture.getexif().get(ORIENTATION_TAG, UPRIGHT)
    elif picture.format == HEIF and not any(box in data for box in _TURNING_BOXES):
        value = picture.info.get("original_orientation")
    return value if isinstance(value, int) and 1 <= value <= 8 else UPRIGHT


@cache
def _load_heif() -> None:
    """Teach Pillow HEIF when the first such photo comes: few need its libraries."""
    import pillow_heif

    # Whatever lies beside the photo, such as its thumbnail, would only be read in vain.
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)


def _as_rgb(picture: Image.Image) -> Image.Image:
    if picture.format == "PPM" and picture.mode == "I":  # white is 65,535 whatever the file says
        return _from_sixteen_bits(picture)
    if picture.mode in _UNREADABLE_MODES:
        raise PhotoError(
            "unsupported_format",
            f"the {picture.format} has 32 bits a pixel (mode {picture.mode}); save it with 8 or 16",
        )
    if picture.mode.startswith("I;16"):
        return _from_sixteen_bits(picture)
    if picture.format == JPEG and picture.mode == "CMYK" and "adobe" not in picture.info:
        # Pillow takes every CMYK JPEG for one of Adobe's, which store the complement.
        return ImageChops.invert(picture).convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")


def _from_sixteen_bits(picture: Image.Image) -> Image.Image:
    values: NDArray[np.uint8] = (np.asarray(picture) >> 8).astype(np.uint8)
    return Image.fromarray(values).convert("RGB")
