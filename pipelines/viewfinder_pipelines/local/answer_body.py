"""The body of an answer, decompressed within a limit.

httpx decompresses each piece that arrives as a whole, and once for each name in `Content-Encoding`:
1 kB that was compressed twice becomes a gigabyte before its length can be compared with a limit.
"""

import zlib

ACCEPTED = "gzip"
"""The only compression that is asked for."""
_GZIP = 16 + zlib.MAX_WBITS  # zlib's number for this format


class AnswerTooLargeError(Exception):
    """An answer is larger than the limit."""


class CompressionError(Exception):
    """An answer cannot be decompressed; the message says why."""


def decompress(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """Return a body as the server has meant it.

    Args:
        body: As it was received.
        encoding: What the answer's `Content-Encoding` says; empty without one.
        max_bytes: The limit of what is returned.

    Raises:
        CompressionError: It is compressed in another way, damaged, or incomplete.
        AnswerTooLargeError: It exceeds the limit.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    if name not in (ACCEPTED, "x-gzip"):
        raise CompressionError(f"its Content-Encoding is {name[:100]!r}, not {ACCEPTED}")
    gzip = zlib.decompressobj(_GZIP)
    try:
        content = gzip.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise CompressionError(str(error)) from error
    if len(content) > max_bytes:
        raise AnswerTooLargeError
    if body and not gzip.eof:
        raise CompressionError("it ends early")
    return content
