"""The body of an answer, decompressed and parsed within limits.

httpx decompresses each piece that arrives as a whole, and once for each name in `Content-Encoding`:
1 kB that was compressed twice becomes a gigabyte before its length can be compared with a limit.
"""

from typing import Any

import httpx

from viewfinder_components.inflation import NAMES, Inflation, InflationError

ACCEPTED = NAMES[0]
"""The only compression that is asked for."""
_PART_BYTES = 1 << 16
# Eleven times what the 21,841 classes of ImageNet-21k need: 16 MiB of `[],[],...` would become
# half a gigabyte of Python's objects.
_MOST_VALUES = 500_000
_MARKS = (b"[", b"{", b",")


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
    if not body or name in ("", "identity"):
        return body
    if name not in NAMES:
        raise CompressionError(f"its Content-Encoding is {name[:100]!r}, not {ACCEPTED}")
    inflation, content = Inflation(), bytearray()
    try:
        # In parts: what is left of a part is copied with each step.
        for start in range(0, len(body), _PART_BYTES):
            for piece in inflation.feed(body[start : start + _PART_BYTES]):
                content += piece
                if len(content) > max_bytes:
                    raise AnswerTooLargeError
        inflation.finish()
    except InflationError as error:
        raise CompressionError(error.received) from error
    return bytes(content)


def parse_json(answer: httpx.Response) -> Any:
    """Return what an answer says in JSON.

    Raises:
        ValueError: It is no JSON, or has too many values.
        RecursionError: It is nested too deeply.
    """
    if sum(answer.content.count(mark) for mark in _MARKS) > _MOST_VALUES:
        raise ValueError(f"more than {_MOST_VALUES:,} values")
    return answer.json()
