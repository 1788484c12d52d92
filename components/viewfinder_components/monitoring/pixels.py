"""What can be measured on the pixels that the model sees, for a hundredth of a photo's own cost.

About 2,000 pixels in a grid are measured, whatever the size. All sums are of integers, so that
every processor and every release of NumPy returns the same values.
"""

import numpy as np
from numpy.typing import NDArray

PIXEL_MEASURES = ("brightness", "contrast", "sharpness", "saturation", "warmth", "tint")
"""What `measure_pixels` returns, in this order."""
_GRID = 45  # measured pixels in a row, and rows
# ITU-R BT.601 in thousandths, as Pillow and JPEG compute luma.
_RED, _GREEN, _BLUE = 299, 587, 114


def measure_pixels(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Measure a decoded photo.

    Args:
        pixels: uint8 `[size, size, 3]`, RGB, size at least 3.

    Returns:
        float64 `[6]`, in the order of `PIXEL_MEASURES`: the mean of luma, 0 to 255; its standard
        deviation, 0 to 127.5; the mean absolute Laplacian of green, 0 to 1020, which is low for
        blur and high for noise; the mean range of a pixel's three channels, 0 to 255; how much more
        red than blue there is, -1 to 1, and how much more green than red and blue, -0.5 to 1, both
        as a share of all light.
    """
    # Odd, because the blocks of a JPEG and enlarged pixels repeat every 2, 4, 8 or 16 pixels.
    step = pixels.shape[0] // _GRID | 1
    grid = np.ascontiguousarray(pixels[1:-1:step, 1:-1:step].reshape(-1, 3).T, np.int32)
    red, green, blue = (int(channel.sum()) for channel in grid)
    light, count = max(red + green + blue, 1), grid.shape[1]
    luma = _RED * grid[0] + _GREEN * grid[1] + _BLUE * grid[2]
    mean = int(luma.sum(dtype=np.int64)) / count
    squares = int(np.einsum("i,i->", luma, luma, dtype=np.int64)) / count
    ranges = grid.max(axis=0) - grid.min(axis=0)
    return np.array(
        (
            mean / 1000,
            max(squares - mean**2, 0) ** 0.5 / 1000,
            _measure_sharpness(pixels[..., 1], step),
            int(ranges.sum()) / count,
            (red - blue) / light,
            (green - (red + blue) / 2) / light,
        )
    )


def _measure_sharpness(green: NDArray[np.uint8], step: int) -> float:
    """Return the mean absolute Laplacian, with the neighbours at a distance of one pixel.

    Args:
        green: uint8 `[size, size]`.
        step: Pixels from one measured pixel to the next.
    """
    inner, before, after = slice(1, -1, step), slice(0, -2, step), slice(2, None, step)
    centre = green[inner, inner].astype(np.int32)
    laplacian = 4 * centre - green[before, inner]
    laplacian -= green[after, inner]
    laplacian -= green[inner, before]
    laplacian -= green[inner, after]
    return int(np.abs(laplacian).sum()) / centre.size
