"""Resize a picture one band of rows at a time, so that no second copy of all of it is needed."""

from collections.abc import Callable

from PIL import Image

_BAND_PIXELS = 1 << 18

Rows = Callable[[int, int], Image.Image]
"""Returns rows of a picture, from the first up to before the second, in mode RGB."""


def squash(width: int, height: int, size: int, rows: Rows) -> Image.Image:
    """Squash a picture to a square with an antialiased triangle filter.

    Horizontally, then vertically, in two passes: in one call, their order, and so the rounding,
    depends on Pillow's release (13 swaps them for tall photos). Rows are resized independently, so
    bands give the same pixels as all rows at once.

    Args:
        width: Pixels across.
        height: Pixels down.
        size: Side of the square.
        rows: The picture.
    """
    step = max(1, _BAND_PIXELS // width)
    if step >= height:
        across = _resize_across(rows(0, height), size)
    else:
        across = Image.new("RGB", (size, height))
        for top in range(0, height, step):
            band = rows(top, min(top + step, height))
            across.paste(_resize_across(band, size), (0, top))
    return across.resize((size, size), Image.Resampling.BILINEAR)


def squash_bytes(width: int, height: int, size: int) -> int:
    """Return the maximum number of bytes that `squash` takes, besides the picture itself."""
    band = width * max(1, min(height, _BAND_PIXELS // width))
    # A band with transparency: itself, as RGBA, white, both composed, RGB; 4 bytes per pixel each.
    return 4 * (5 * band + size * (height + size))


def _resize_across(band: Image.Image, size: int) -> Image.Image:
    return band.resize((size, band.height), Image.Resampling.BILINEAR)
