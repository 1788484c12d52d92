"""What decoding a JPEG takes: little, because it is shrunk meanwhile, unless it is progressive."""

from PIL import Image

from viewfinder_components.photos.formats import JPEG
from viewfinder_components.photos.photo_error import PhotoError
from viewfinder_components.photos.pictures.bands import squash, squash_bytes
from viewfinder_components.photos.pictures.jpeg import (
    JpegHeader,
    decode_jpeg,
    read_jpeg_header,
    reduction,
    without_metadata,
)
from viewfinder_components.photos.pictures.jpeg_frame import JpegFrame, read_frame
from viewfinder_components.photos.pictures.orientation import read_orientation
from viewfinder_components.photos.pictures.picture import load_picture, open_picture
from viewfinder_components.photos.plan import Photo, Plan, need_pixels, upright

_PIXEL_BYTES = 4  # Pillow's; libjpeg-turbo writes three
_ROW_BYTES = 200  # libjpeg-turbo's working rows, per pixel across: up to 4 colours, enlarged


def plan_jpeg(data: bytes, size: int, max_pixels: int, deadline: float | None = None) -> Plan:
    """Read a JPEG's header; the arguments are those of `decode.plan_photo`.

    Raises:
        PhotoError: It is not a photo, or too large.
    """
    frame = read_frame(data)
    header = read_jpeg_header(data)
    if header is None or header.colour in ("CMYK", "YCCK"):
        return _plan_unusual(data, frame, size, max_pixels, deadline)
    width, height = header.width, header.height
    need_pixels(width, height, max_pixels)

    def finish() -> Photo:
        return _decode_usual(data, header, size, max_pixels, deadline)

    return Plan(JPEG, width, height, _bytes(frame, width, height, size), finish, deadline)


def _decode_usual(
    data: bytes, header: JpegHeader, size: int, max_pixels: int, deadline: float | None
) -> Photo:
    try:
        pixels = decode_jpeg(data, header, reduction(header.width, header.height, size))
    except PhotoError as error:
        if error.kind != "broken":
            raise
        # If the decoder can continue to the end, browsers and TensorFlow show the photo; it stops
        # at the first error, Pillow's does not.
        unusual = _plan_unusual(data, None, size, max_pixels, deadline)
        return unusual.finish()._replace(damage=error.sentence)
    height, width = pixels.shape[:2]
    squashed = squash(width, height, size, lambda top, end: Image.fromarray(pixels[top:end]))
    return upright(squashed, header.width, header.height, read_orientation(data))


def _plan_unusual(
    data: bytes, frame: JpegFrame | None, size: int, max_pixels: int, deadline: float | None
) -> Plan:
    picture = open_picture(without_metadata(data), JPEG, deadline)
    width, height = picture.size
    need_pixels(width, height, max_pixels)

    def finish() -> Photo:
        rows = load_picture(picture, reduction(width, height, size))
        squashed = squash(picture.width, picture.height, size, rows)
        return upright(squashed, width, height, read_orientation(data))

    return Plan(JPEG, width, height, _bytes(frame, width, height, size), finish, deadline)


def _bytes(frame: JpegFrame | None, width: int, height: int, size: int) -> int:
    shrink = 1 if frame is None or frame.is_lossless else reduction(width, height, size)
    across, down = -(-width // shrink), -(-height // shrink)
    kept = frame.coefficient_bytes() if frame else 0
    working = _PIXEL_BYTES * across * down + _ROW_BYTES * width
    return kept + working + squash_bytes(across, down, size)
