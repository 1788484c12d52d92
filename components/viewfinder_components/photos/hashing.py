"""A photo's fingerprint: similar for photos that look alike, whatever the bytes.

The hash is the one that the ImageHash library calls `phash`, bit for bit (a test compares
them). It is computed here because for many photos at once it takes a tenth of the library's time,
which would add a fifth to the time of decoding.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

GREY_SIDE = 32
"""Side of the grey picture that is hashed, in pixels."""

MIN_DETAIL = 24
"""Minimum number of bits set in a meaningful hash.

A bit shows whether a frequency is above the median of all 64, so 32 are set, unless many are
equal, which happens on plain areas and in computer-drawn pictures.
"""

_FREQUENCIES = 8
# The discrete cosine transform (DCT-II) of 32 values, its 8 lowest frequencies.
_COSINES = 2 * np.cos(
    np.pi * np.arange(_FREQUENCIES)[:, None] * (2 * np.arange(GREY_SIDE) + 1) / (2 * GREY_SIDE)
)
_ROUNDING = 1e-6  # frequencies that differ by less are equal; they reach a million


def shrink_to_grey(picture: Image.Image) -> NDArray[np.uint8]:
    """Return a square photo in the form `perceptual_hashes` needs.

    Returns:
        uint8 `[32, 32]`.
    """
    grey = picture.convert("L")
    if grey.width >= 2 * GREY_SIDE:  # whole steps first: ten times as fast
        grey = grey.reduce(grey.width // GREY_SIDE)
    if grey.size != (GREY_SIDE, GREY_SIDE):
        grey = grey.resize((GREY_SIDE, GREY_SIDE), Image.Resampling.LANCZOS)
    return np.frombuffer(grey.tobytes(), np.uint8).reshape(GREY_SIDE, GREY_SIDE)


def perceptual_hashes(greys: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Hash the low frequencies of photos.

    Args:
        greys: uint8 `[n, 32, 32]`.

    Returns:
        uint64 `[n]`. Resized or recompressed copies of a photo differ in few of the
        64 bits, different photos in 32 on average.
    """
    frequencies = (_COSINES @ greys.astype(np.float64) @ _COSINES.T).reshape(len(greys), -1)
    middle = np.partition(frequencies, (31, 32), axis=1)[:, 31:33].mean(axis=1, keepdims=True)
    bits = frequencies > middle + _ROUNDING
    return np.packbits(bits, axis=1).view(">u8").ravel().astype(np.uint64)
