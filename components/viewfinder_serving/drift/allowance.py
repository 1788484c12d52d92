"""How many photos may be measured, so that it costs next to nothing at any load."""

import threading
import time
from collections.abc import Callable


class Allowance:
    """Grows with time up to a maximum, which it has at the beginning. Thread-safe.

    Args:
        rate: How much it grows in a second.
        most: The maximum.
        clock: Returns seconds.
    """

    def __init__(
        self, rate: float, most: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._most = most
        self._clock = clock
        self._left = most
        self._seen = clock()
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Take 1 of it; return whether there was that much."""
        with self._lock:
            now = self._clock()
            self._left = min(self._most, self._left + self._rate * (now - self._seen))
            self._seen = now
            if self._left < 1:
                return False
            self._left -= 1
            return True
