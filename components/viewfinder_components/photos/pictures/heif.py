"""Read HEIC, the format of iPhone photos, with libheif."""

from functools import cache
from typing import Any, NamedTuple

from PIL import Image

from viewfinder_components.photos.formats import HEIF
from viewfinder_components.photos.pictures.bands import Rows
from viewfinder_components.photos.pictures.coded_items import (
    coded_heif_pixels,
    refuse_hidden_pixels,
)
from viewfinder_components.photos.pictures.orientation import UPRIGHT
from viewfinder_components.photos.pictures.picture import damaged_header, damaged_pixels, rows_of

# ISO/IEC 23008-12, 6.5.10 and 6.5.12: length and name of the properties that turn and mirror.
_TURNING_BOXES = (b"\0\0\0\x09irot", b"\0\0\0\x09imir")


class HeifPicture(NamedTuple):
    """A HEIC whose header has been read."""

    width: int
    height: int
    orientation: int
    """How to rotate the decoded picture, 1 to 8 as in EXIF.

    libheif has already applied the file's own rotation. If there is none, EXIF counts:
    the standard says otherwise, but phones and photo editors write such files, and Apple's viewers
    rotate them."""
    bytes: int
    """Memory that decoding takes, besides the file."""
    image: Any
    """pillow_heif's."""

    def load(self) -> tuple[int, int, Rows]:
        """Decode; return the size, which libheif only now knows for sure, and the rows.

        Pillow would keep a second copy of all pixels, so it gets one band at a time.

        Raises:
            PhotoError: The pixels are damaged.
        """
        try:
            data, (width, height) = memoryview(self.image.data), self.image.size
            mode, stride = self.image.mode, self.image.stride
        except Exception as error:
            raise damaged_pixels(HEIF, error) from error

        def rows(top: int, bottom: int) -> Image.Image:
            part = data[top * stride : bottom * stride]
            size = width, bottom - top
            band = Image.frombytes(mode, size, part, "raw", mode, stride)
            return rows_of(band, HEIF)(0, bottom - top)

        return width, height, rows


def open_heif(data: bytes) -> HeifPicture:
    """Read a HEIC's header.

    Raises:
        PhotoError: It is damaged, or the file contains more pixels than it states.
    """
    coded = coded_heif_pixels(data)
    library = _load_library()
    try:
        image = library.open_heif(data, convert_hdr_to_8bit=True, hdr_to_16bit=True)
        image = image[image.primary_index]
        turned = library.set_orientation(image.info)
        width, height = image.size
    except Exception as error:  # the parsers may raise anything on bad input
        raise damaged_header(HEIF, error) from error
    refuse_hidden_pixels(HEIF, coded.pixels, width, height)
    has_alpha = image.mode not in ("RGB", "L")
    taken = int(width * height * _pixel_bytes(coded.is_deep, coded.has_full_colours, has_alpha))
    counts = turned in range(1, 9) and not any(box in data for box in _TURNING_BOXES)
    return HeifPicture(width, height, turned if counts else UPRIGHT, taken, image)


def _pixel_bytes(is_deep: bool, has_full_colours: bool, has_alpha: bool) -> float:
    """Return libheif's bytes per pixel, measured with 24 megapixels of each kind."""
    if has_full_colours:
        return (15.6 if is_deep else 9.6) + has_alpha * (5 if is_deep else 3)
    return (8 if is_deep else 5.1) + has_alpha * (4 if is_deep else 2)


@cache
def _load_library() -> Any:
    """Load the libraries for the first such photo: few processes need them."""
    import pillow_heif

    # Everything besides the photo, such as its thumbnail, would be read in vain.
    pillow_heif.options.THUMBNAILS = False
    pillow_heif.options.DEPTH_IMAGES = False
    pillow_heif.options.AUX_IMAGES = False
    # Callers already use one thread per core; others must not wait for four threads of one photo.
    pillow_heif.options.DECODE_THREADS = 1
    return pillow_heif
