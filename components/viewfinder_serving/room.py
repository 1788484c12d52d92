"""How many bytes of request bodies the server holds at once."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from viewfinder_serving import metrics
from viewfinder_serving.admission import refuse_busy


class Room:
    """Room for request bodies, taken as they arrive: an announced body takes none.

    Bytes beyond the room wait in the client's socket. But one body at a time may exceed the
    room, or several half-received ones would wait for each other there. So at most `size` and
    one body more are held.

    Args:
        size: Bytes of bodies at once.
        wait_seconds: How long a body waits for room.
    """

    def __init__(self, size: int, wait_seconds: float) -> None:
        self._left = size
        self._wait_seconds = wait_seconds
        self._beyond: Share | None = None
        self._freed = asyncio.Event()

    @contextmanager
    def share(self) -> Iterator["Share"]:
        """Return room when the block ends."""
        share = Share(self)
        metrics.REQUESTS_IN_FLIGHT.inc()
        try:
            yield share
        finally:
            metrics.REQUESTS_IN_FLIGHT.dec()
            self._left += share.held
            if self._beyond is share:
                self._beyond = None
            self._freed.set()
            self._freed = asyncio.Event()

    async def take(self, share: "Share", size: int) -> None:
        """Take room for a body's next part; `Share.take` calls it."""
        try:
            async with asyncio.timeout(self._wait_seconds):
                while size > self._left and self._beyond not in (None, share):
                    await self._freed.wait()
        except TimeoutError as error:
            raise refuse_busy() from error
        if size > self._left:
            self._beyond = share
        self._left -= size
        share.held += size


class Share:
    """One body's part of the room.

    Args:
        room: The room.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self.held = 0

    async def take(self, size: int) -> None:
        """Take room for the next part of a body, waiting until there is enough.

        Raises:
            RefusedError: There was none in time (status 503).
        """
        await self._room.take(self, size)
