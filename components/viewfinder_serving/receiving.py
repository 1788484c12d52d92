"""Receive few gRPC messages at a time.

gRPC has a message whole in memory before it hands it over, and nobody knows its size until then. So
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
    """Places for messages on their way.

    Args:
        places: Messages at a time.
        seconds: Time for a message, while nobody waits for its place.
        wait_seconds: How long a call waits for a place.
    """

    def __init__(self, places: int, seconds: float, wait_seconds: float) -> None:
        self._free = asyncio.Semaphore(places)
        self._seconds = seconds
        self._wait_seconds = wait_seconds
        self._waiting = 0

    async def enter(self) -> None:
        """Wait for a place, which `leave` gives back.

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
        """Give a place back."""
        self._free.release()

    async def read(self, message: Awaitable[Any]) -> Any:
        """Return a message, unless its client keeps the others waiting.

        Args:
            message: What waits for it.

        Raises:
            RefusedError: It has not come in time (status 408).
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
