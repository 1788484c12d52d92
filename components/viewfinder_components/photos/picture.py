"""Read every picture that libjpeg-turbo alone does not: PNG, GIF, BMP, WebP, TIFF, CMYK JPEG."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viewfinder_components.photos.photo_error import PhotoError

_UNREADABLE_MODES = ("I", "F")  # 32 bits a pixel: no telling which value is white

# decode() holds every picture against the caller's own limit before it reads a pixel; Pillow's
# second limit would turn some of them into warnings.
Image.MAX_IMAGE_PIXELS = None


def open_picture(data: bytes, name: str) -> Image.Image:
    """Read a picture's header.

    Args:
        data: The file.
        name: Pillow's name of the format that the file's first bytes promise.

    Raises:
        PhotoError: The header is damaged.
    """
    try:
        return Image.open(io.BytesIO(data), formats=[name])
    except Exception as error:  # Pillow's parsers raise whatever the bytes lead them into
        raise PhotoError("broken", f"the {name} header is damaged ({error})") from error


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
            raise PhotoError("truncated", f"the {name} is cut short ({error})") from error
        raise PhotoError("broken", f"the {name} is damaged ({error})") from error


def _as_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode in _UNREADABLE_MODES:
        raise PhotoError(
            "unsupported_format",
            f"the {picture.format} has 32 bits a pixel (mode {picture.mode}); save it with 8 or 16",
        )
    if picture.mode.startswith("I;16"):
        return Image.fromarray(_high_byte(np.asarray(picture))).convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")


def _high_byte(values: NDArray[np.uint16]) -> NDArray[np.uint8]:
    return (values >> 8).astype(np.uint8)
