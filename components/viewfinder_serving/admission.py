"""How much work the server takes on at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from viewfinder_serving import metrics
from viewfinder_serving.refusals import RefusedError


class Admission:
    """Bound the requests in the server and the bytes of their bodies.

    One request too many is refused, because it would wait longer than its client does. Too many
    bytes only wait: the body stays in the client's socket until there is room for it.

    Args:
        requests: Most requests in the server at once.
        room: Most bytes of request bodies at once; not less than the largest body.
        wait_seconds: How long a request waits for room.
    """

    def __init__(self, requests: int, room: int, wait_seconds: float) -> None:
        self._requests_left = requests
        self._room = room
        self._wait_seconds = wait_seconds
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def enter(self, size: int) -> AsyncIterator[None]:
        """Hold a place for one request with a body of at most `size` bytes.

        Raises:
            RefusedError: The server is full (status 503).
        """
        if self._requests_left == 0:
            raise _busy()
        self._requests_left -= 1
        metrics.REQUESTS_IN_FLIGHT.inc()
        try:
            async with self._space(size):
                yield
        finally:
            metrics.REQUESTS_IN_FLIGHT.dec()
            self._requests_left += 1

    @asynccontextmanager
    async def _space(self, size: int) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._wait_seconds), self._freed:
                await self._freed.wait_for(lambda: size <= self._room)
                self._room -= size
        except TimeoutError as error:
            raise _busy() from error
        try:
            yield
        finally:
            self._room += size
            async with self._freed:
                self._freed.notify_all()


def _busy() -> RefusedError:
    return RefusedError(
        "fewer requests at once",
        "more than this server takes on",
        "try again in a second, or run more replicas",
        status=503,
        headers={"retry-after": "1"},
    )
