"""The body of a request is a photo as JSON, and little of it is in memory at once."""

import asyncio
import base64
import json
import tracemalloc
from collections.abc import Iterator

import pytest
from tests.fixtures.loopback import QuietHandler, serving

from viewfinder_client.http_client import HttpClient
from viewfinder_client.photo_body import PhotoBody

PIECE = 196_608


async def collect(body: PhotoBody) -> list[bytes]:
    return [piece async for piece in body.pieces()]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 2])
def test_the_body_is_json(size: int) -> None:
    photo = bytes(number % 251 for number in range(size))
    body = PhotoBody(photo)
    pieces = asyncio.run(collect(body))
    sent = b"".join(pieces)
    assert json.loads(sent) == {"instances": [{"b64": base64.b64encode(photo).decode()}]}
    assert len(sent) == body.size
    assert len(pieces) == max(1, -(-size // PIECE))


@pytest.fixture
def url() -> Iterator[str]:
    """Of a server that forgets what it reads."""

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            rest = int(self.headers["content-length"])
            while rest:
                rest -= len(self.rfile.read(min(rest, 1 << 16)))
            self.send(200, b"{}")

    with serving(Handler) as url:
        yield url


def test_a_large_photo_takes_little_memory_beside_itself(url: str) -> None:
    photo = bytes(32 << 20)
    with HttpClient(30) as client:
        client.request("POST", url, PhotoBody(photo[:1]))  # what the libraries need once
        tracemalloc.start()
        try:
            assert client.request("POST", url, PhotoBody(photo)).status_code == 200
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < len(photo) / 4
