"""A compressed answer is limited by what it becomes, in memory too."""

import gzip
import tracemalloc
import zlib

import pytest

from viewfinder_client.answer_body import (
    AnswerTooLargeError,
    CompressionError,
    decompress,
)

BODY = b'{"predictions": []}'
LIMIT = 1 << 20


@pytest.mark.parametrize("encoding", ["", "identity", "Identity "])
def test_what_is_not_compressed_stays_as_it_is(encoding: str) -> None:
    assert decompress(BODY, encoding, LIMIT) == BODY


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip"])
def test_gzip(encoding: str) -> None:
    assert decompress(gzip.compress(BODY), encoding, LIMIT) == BODY


def test_an_empty_answer_needs_no_decompression() -> None:
    assert decompress(b"", "gzip", LIMIT) == b""


def test_the_limit_is_included() -> None:
    assert len(decompress(gzip.compress(bytes(LIMIT)), "gzip", LIMIT)) == LIMIT
    with pytest.raises(AnswerTooLargeError):
        decompress(gzip.compress(bytes(LIMIT + 1)), "gzip", LIMIT)


def test_what_exceeds_the_limit_is_not_decompressed() -> None:
    bomb = gzip.compress(bytes(256 << 20), 1)
    tracemalloc.start()
    try:
        with pytest.raises(AnswerTooLargeError):
            decompress(bomb, "gzip", LIMIT)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 4 * LIMIT


TWICE = gzip.compress(gzip.compress(BODY))
BROKEN = {
    "its Content-Encoding is 'gzip, gzip', not gzip": (TWICE, "gzip, gzip"),
    "its Content-Encoding is 'br', not gzip": (BODY, "br"),
    "its Content-Encoding is 'deflate', not gzip": (zlib.compress(BODY), "deflate"),
    "incorrect header check": (BODY, "gzip"),
    "the beginning of one": (gzip.compress(BODY)[:-10], "gzip"),
}


@pytest.mark.parametrize("why", BROKEN)
def test_what_cannot_be_decompressed(why: str) -> None:
    body, encoding = BROKEN[why]
    with pytest.raises(CompressionError, match=why):
        decompress(body, encoding, LIMIT)
