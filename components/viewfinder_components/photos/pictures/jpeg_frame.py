"""What a JPEG states about itself between its markers, as libjpeg reads them.

Everything is known before a pixel is decoded: how large the frame is, whether its coefficients are
kept for several scans, and how many scans there are.

Source: ITU-T T.81, annex B.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from viewfinder_components.photos.photo_error import PhotoError

MOST_SCANS = 100
"""libjpeg processes the whole picture for each; cameras and encoders write one to about 12."""
_MOST_MARKERS = 5_000  # a colour profile or XMP of 16 MB needs 250
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15 without DHT, JPG and DAC
_ONE_PASS_FRAMES = (0xC0, 0xC1, 0xC9)  # baseline, extended, arithmetic
_LOSSLESS_FRAMES = (0xC3, 0xCB)
_END, _SCAN = 0xD9, 0xDA
_WITHOUT_LENGTH = {*range(0xC0), *range(0xD0, 0xD9)}
# In the pixels, FF is followed by a zero; restarts belong to them.
_NEXT_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)
_BLOCK = 8
_COEFFICIENT_BYTES = 2
_MOST_BODY = 520  # bytes; the four largest quantization tables


class JpegFrame(NamedTuple):
    """A JPEG's frame."""

    width: int
    height: int
    kind: int
    """The marker that starts it, 0xC0 to 0xCF."""
    sampling: tuple[tuple[int, int], ...]
    """For each component: samples across and down."""
    scans: int
    """How many scans use the kept coefficients; 0 if a single scan is decoded as it is read."""

    @property
    def is_lossless(self) -> bool:
        """Whether there are no coefficients, and so no reduced decoding."""
        return self.kind in _LOSSLESS_FRAMES

    def is_decoded_by(self, scan: bytes) -> bool:
        """Whether the first scan contains everything, so that libjpeg reads no other.

        Args:
            scan: What follows the scan's length.
        """
        return self.kind in _ONE_PASS_FRAMES and scan[:1] == bytes([len(self.sampling)])

    def coefficient_bytes(self) -> int:
        """Size in bytes of the coefficients that are kept until all scans have been read."""
        if self.scans == 0:
            return 0
        columns = -(-self.width // (_BLOCK * max(across for across, _ in self.sampling)))
        rows = -(-self.height // (_BLOCK * max(down for _, down in self.sampling)))
        blocks = columns * rows * sum(across * down for across, down in self.sampling)
        return blocks * _BLOCK * _BLOCK * _COEFFICIENT_BYTES


def read_frame(data: bytes) -> JpegFrame | None:
    """Read the frame, and refuse a file that keeps a decoder busy with anything but pixels.

    Args:
        data: A file that starts with JPEG's first marker.

    Returns:
        The frame; None if there is none, which the decoder then reports in its own words.

    Raises:
        PhotoError: `too_large`: it has more scans or markers than any photo.
    """
    frame, scans = None, 0
    for count, (marker, body) in enumerate(read_segments(data)):
        if marker in _FRAMES and frame is None:
            frame = _read_frame(marker, body)
        elif marker == _SCAN:
            if frame is None or (scans == 0 and frame.is_decoded_by(body)):
                break
            scans += 1
        _need_few(count, scans)
    return frame and frame._replace(scans=scans)


def _need_few(markers: int, scans: int) -> None:
    if markers > _MOST_MARKERS:
        raise PhotoError(
            "too_large", f"the JPEG has more than {_MOST_MARKERS:,} markers; resave it"
        )
    if scans > MOST_SCANS:
        raise PhotoError(
            "too_large",
            f"the JPEG has more than {MOST_SCANS} scans, and each takes the time of a photo; "
            "resave it",
        )


def read_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the markers up to the end of the picture, each with what its length covers.

    Args:
        data: A file that starts with JPEG's first marker.

    Yields:
        The marker's second byte; up to 518 bytes of its data, fewer where the file is cut short.
    """
    place = 0
    while found := _NEXT_MARKER.search(data, place):
        marker, place = found[1][0], found.end()
        if marker == _END:
            return
        if marker in _WITHOUT_LENGTH:
            yield marker, b""
            continue
        length = int.from_bytes(data[place : place + 2], "big")
        yield marker, data[place + 2 : place + min(length, _MOST_BODY)]
        place += max(2, length)


def _read_frame(marker: int, body: bytes) -> JpegFrame | None:
    if len(body) < 6 or len(body) < 6 + 3 * body[5] or not 1 <= body[5] <= 4:
        return None
    sampling = tuple((body[at] >> 4, body[at] & 15) for at in range(7, 7 + 3 * body[5], 3))
    if not all(1 <= factor <= 4 for factors in sampling for factor in factors):
        return None
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    return JpegFrame(width, height, marker, sampling, 0)
