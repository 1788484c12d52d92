"""How fast a full server refuses: clients that ask again at once must not take its cores."""

import asyncio
import time

_A_SECOND = 200.0
_LONGEST_SECONDS = 0.25
_MOST_WAITING = 256


class Pacing:
    """Hold refusals back that would otherwise come faster than 200 a second.

    A refusal costs a quarter of a millisecond, most of it for the connection, so 128 clients that
    ignore `Retry-After` would cost a third of a core: with this, they do not, because a client that
    waits for its refusal does not ask. A server that is full only for a moment refuses immediately.

    A refusal waits for at most a quarter of a second, and at most 256 wait at a time, because a
    waiting one has up to 64 KiB of a body.
    """

    def __init__(self) -> None:
        self._next = 0.0
        self._waiting = 0

    def delay(self, now: float) -> float:
        """Return for how many seconds to hold back a refusal.

        Args:
            now: The time in seconds of a clock that never goes back.
        """
        if self._waiting >= _MOST_WAITING:
            return 0.0
        self._next = min(max(self._next + 1 / _A_SECOND, now), now + _LONGEST_SECONDS)
        return self._next - now

    async def wait(self) -> None:
        """Wait until the next refusal may be sent."""
        seconds = self.delay(time.monotonic())
        if seconds > 0:
            self._waiting += 1
            try:
                await asyncio.sleep(seconds)
            finally:
                self._waiting -= 1
