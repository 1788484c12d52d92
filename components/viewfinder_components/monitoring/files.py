"""What can be measured on a photo's file: what its pixels in the model's size no longer show."""

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.photos.pictures.jpeg_quality import estimate_quality

FILE_MEASURES = ("pixels", "aspect", "jpeg_quality")
"""What `measure_file` returns, in this order."""


def measure_file(data: bytes, width: int, height: int) -> NDArray[np.float64]:
    """Measure a photo's file.

    Args:
        data: The file.
        width: Pixels across, as shown (after orientation).
        height: Pixels down, as shown.

    Returns:
        float64 `[3]`, in the order of `FILE_MEASURES`: width times height; width by height; the
        quality of a JPEG, 1 to 100, as `estimate_quality` finds it, or 0 for another format.
    """
    return join_measures(width, height, estimate_quality(data))


def join_measures(width: int, height: int, jpeg_quality: int) -> NDArray[np.float64]:
    """Return what `measure_file` does, where the quality is known already.

    Args:
        width: Pixels across, as shown.
        height: Pixels down, as shown.
        jpeg_quality: As `estimate_quality` finds it.
    """
    return np.array((width * height, width / max(height, 1), jpeg_quality), np.float64)


def is_shrunk(width: int, height: int, image_size: int) -> bool:
    """Return whether a client has shrunk the photo to the model's own size.

    Viewfinder's client does, so that less has to be sent. Such a file says nothing about the one
    that it was made from, so none of `FILE_MEASURES` counts.

    Args:
        width: Pixels across.
        height: Pixels down.
        image_size: Side of the square photos that the model accepts, in pixels.
    """
    return width == height == image_size
