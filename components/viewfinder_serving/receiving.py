"""Receive only a few gRPC messages at a time.

gRPC has a whole message in memory before it delivers it, and its size is unknown until then. So
it is asked for a message only when there is a place for one.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any

from viewfinder_serving.admission import refuse_busy
from viewfinder_serving.refusals import RefusedError

_PATIENCE_SECONDS = 2.0
_LOOK_SECONDS = 0.25


class Receiving:
    """Places for messages being received.

    Args:
        places: Number of messages at a time.
        seconds: Time for a message, while nothing waits for its place.
        wait_seconds: How long a call waits for a place.
    """

    def __init__(self, places: int, seconds: float, wait_seconds: float) -> None:
        self._free = asyncio.Semaphore(places)
        self._seconds = seconds
        self._wait_seconds = wait_seconds
        self._waiting = 0

    async def enter(self) -> None:
        """Wait for a place, which `leave` returns.

        Raises:
            RefusedError: There was none in time (status 503).
        """
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._free.acquire()
        except TimeoutError as error:
            raise refuse_busy() from error
        finally:
            self._waiting -= 1

    def leave(self) -> None:
        """Return a place."""
        self._free.release()

    async def read(self, message: Awaitable[Any]) -> Any:
        """Return a message, unless its client keeps others waiting.

        Args:
            message: The awaitable of the message.

        Raises:
            RefusedError: It did not arrive in time (status 408).
        """
        reading = asyncio.ensure_future(message)
        left, step = self._seconds, min(_PATIENCE_SECONDS, self._seconds)
        try:
            while not (await asyncio.wait({reading}, timeout=step))[0]:
                left -= step
                if self._waiting or left <= 0:
                    raise self._refusal()
                step = _LOOK_SECONDS
            return reading.result()
        finally:
            reading.cancel()

    def _refusal(self) -> RefusedError:
        return RefusedError(
            f"the whole message within {self._seconds:g} seconds, or {_PATIENCE_SECONDS:g} while "
            "others wait",
            "a part of it",
            "send it faster, or try again later",
            status=408,
        )
