"""How many bytes of request bodies the server holds at once."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from viewfinder_serving import metrics
from viewfinder_serving.admission import refuse_busy

_PATIENCE_SECONDS = 0.5
_SMALL_BYTES = 1 << 18  # a photo that the client has shrunk, in base64, has half as much
_RESERVE = 8  # one part in so many is for small bodies


class Room:
    """Room for request bodies, taken as they arrive: an announced body takes none.

    Bytes beyond the room wait in the client's socket. But one body at a time may exceed the
    room, or several half-received ones would wait for each other there. So at most `size` and
    one body more are held. An eighth of the room is for bodies of up to 256 KiB, which so do not
    wait behind large ones whose photos wait to be decoded.

    Args:
        size: Bytes of bodies at once.
        wait_seconds: How long a body waits for room.
    """

    def __init__(self, size: int, wait_seconds: float) -> None:
        self._left = size
        self._reserve = size // _RESERVE
        self._wait_seconds = wait_seconds
        self._beyond: Share | None = None
        self._freed = asyncio.Event()

    @contextmanager
    def share(self, make_way: Callable[[], None] = lambda: None) -> Iterator["Share"]:
        """Return room when the block ends.

        Args:
            make_way: Ends another body that keeps this one waiting, if there is one to end; called
                every half second.
        """
        share = Share(self, make_way)
        metrics.REQUESTS_IN_FLIGHT.inc()
        try:
            yield share
        finally:
            metrics.REQUESTS_IN_FLIGHT.dec()
            self._left += share.inside
            if self._beyond is share:
                self._beyond = None
            self._freed.set()
            self._freed = asyncio.Event()

    async def take(self, share: "Share", size: int) -> None:
        """Take room for a body's next part; `Share.take` calls it."""
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._wait(share, size)
        except TimeoutError as error:
            raise refuse_busy() from error
        if self._beyond is not share and self._fits(share, size):
            self._left -= size
            share.inside += size
        else:
            self._beyond = share
        share.held += size

    def _fits(self, share: "Share", size: int) -> bool:
        is_small = share.held + size <= _SMALL_BYTES
        return size <= self._left - (0 if is_small else self._reserve)

    async def _wait(self, share: "Share", size: int) -> None:
        clock = asyncio.get_running_loop().time
        patient_until = clock() + _PATIENCE_SECONDS
        while not self._fits(share, size) and self._beyond not in (None, share):
            try:
                async with asyncio.timeout_at(patient_until):
                    await self._freed.wait()
            except TimeoutError:
                share.make_way()
                patient_until = clock() + _PATIENCE_SECONDS


class Share:
    """One body's part of the room.

    Args:
        room: The room.
        make_way: See `Room.share`.
    """

    def __init__(self, room: Room, make_way: Callable[[], None]) -> None:
        self._room = room
        self.make_way = make_way
        self.held = 0
        self.inside = 0
        """Of `held`, what is not beyond the room."""

    async def take(self, size: int) -> None:
        """Take room for the next part of a body, waiting until there is enough.

        Raises:
            RefusedError: There was none in time (status 503).
        """
        await self._room.take(self, size)
