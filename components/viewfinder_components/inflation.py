"""Bodies compressed with gzip (RFC 1952), inflated as they arrive and within any limit."""

import zlib
from collections.abc import Iterator

from viewfinder_components.errors import PermanentError, reason_of

NAMES = ("gzip", "x-gzip")
"""The coding's names in `Content-Encoding` (RFC 9110, 8.4.1.3)."""
_GZIP_FORMAT = 16 + zlib.MAX_WBITS
_REMEDY = "compress the whole body once with gzip, or send it uncompressed"
_STEP_BYTES = 1 << 18  # takes about a millisecond, so that other requests are served meanwhile


class InflationError(PermanentError):
    """A body is no gzip stream, or not one whole stream."""


class Inflation:
    """One compressed body.

    A few bytes may become a thousand times as many, so they come in steps, each of which the caller
    can refuse.
    """

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_GZIP_FORMAT)

    def feed(self, part: bytes) -> Iterator[bytes]:
        """Yield what the body's next part contains, at most 256 KiB at a time.

        Args:
            part: As it was received.

        Raises:
            InflationError: It is not gzip, is damaged, or continues after its end.
        """
        while True:
            if part and self._stream.eof:
                raise InflationError("one gzip stream as the body", "more behind its end", _REMEDY)
            try:
                piece = self._stream.decompress(part, _STEP_BYTES)
            except zlib.error as error:
                raise InflationError(
                    "a body compressed with gzip", reason_of(error), _REMEDY
                ) from error
            part = self._stream.unused_data or self._stream.unconsumed_tail
            if piece:
                yield piece
            # Output may be left though the input is used up.
            if not part and len(piece) < _STEP_BYTES:
                return

    def finish(self) -> None:
        """Check that the body was complete.

        Raises:
            InflationError: It ended before the gzip stream did.
        """
        if not self._stream.eof:
            raise InflationError("a whole gzip stream as the body", "the beginning of one", _REMEDY)
