"""How strongly a JPEG was compressed, by its quantization table.

Source: ITU-T T.81, annex K, table K.1, scaled as IJG's libjpeg does (`jpeg_quality_scaling` in
jcparam.c): qualities below 50 divide it, qualities above it reduce it linearly.
"""

import struct
from itertools import islice

import numpy as np

from viewfinder_components.photos.pictures.jpeg_frame import read_segments

_TABLES, _SCAN = 0xDB, 0xDA
_MOST_MARKERS = 1_000  # before the first scan; a colour profile or XMP of 16 MB needs 250
_VALUES = 64
_LUMINANCE = np.array([
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
])  # fmt: skip
_QUALITIES = np.arange(1, 101)
_SCALES = np.where(_QUALITIES < 50, 5000 // _QUALITIES, 200 - 2 * _QUALITIES)
# Falling. The order of a table's values does not matter to its sum.
_SUMS = np.clip((np.outer(_SCALES, _LUMINANCE) + 50) // 100, 1, 255).sum(axis=1)
_LIMITS = (_SUMS[:-1] + _SUMS[1:]) / -2


def estimate_quality(data: bytes) -> int:
    """Estimate the quality at which a JPEG was written.

    Args:
        data: A file in any format; nothing is assumed about what it contains.

    Returns:
        1 to 100, the setting of IJG's libjpeg whose luminance table has the most similar sum; 0 for
        what is no JPEG or has no such table.
    """
    if not data.startswith(b"\xff\xd8\xff"):
        return 0
    for marker, body in islice(read_segments(data), _MOST_MARKERS):
        if marker == _SCAN:
            break
        if marker == _TABLES and (total := _sum_table(body)):
            return 1 + int(np.searchsorted(_LIMITS, -total))
    return 0


def _sum_table(body: bytes) -> int:
    """Return the sum of table 0, which luminance uses; 0 if it is not here."""
    place = 0
    while place < len(body):
        kind, place = body[place], place + 1
        form = f">{_VALUES}{'H' if kind >> 4 else 'B'}"
        end = place + struct.calcsize(form)
        if end > len(body):
            break
        if kind & 15 == 0:
            return sum(struct.unpack(form, body[place:end]))
        place = end
    return 0
