"""How long the rest of a comparison takes."""

import statistics
import time
from collections.abc import Callable

from viewfinder_comparison.measurement.settings import Procedure
from viewfinder_components.reports.formatting import plural

_START_SECONDS = 20.0  # to start a server that loads TensorFlow, and to compare its answers
_LOAD_SECONDS = 1.5  # to start the load generator, and to wait for the last answers


class Forecast:
    """Counts rounds of single servers, of which each takes about as long as the others.

    Args:
        procedure: How each is measured, for as long as none has been.
        left: How many there are to measure.
        clock: Seconds, rising.
    """

    def __init__(
        self, procedure: Procedure, left: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        loads = len(procedure.clients) + len(procedure.shares) + 2  # with overload and warm-up
        self._guess = _START_SECONDS + loads * (procedure.seconds + _LOAD_SECONDS)
        self._left, self._clock = left, clock
        self._spent: list[float] = []
        self._begun = clock()

    def begin(self) -> None:
        """Say that the next one begins."""
        self._begun = self._clock()

    def end(self) -> None:
        """Say that it has been measured."""
        self._spent.append(self._clock() - self._begun)
        self.drop(1)

    def drop(self, rounds: int) -> None:
        """Say that some need not be measured, or cannot be."""
        self._left -= rounds
        self.begin()

    def seconds(self) -> float:
        """Return how long what is left takes from now on."""
        each = statistics.fmean(self._spent) if self._spent else self._guess
        current = max(0.0, each - (self._clock() - self._begun))
        return current + max(0, self._left - 1) * each


def describe_rest(seconds: float) -> str:
    """Return how long something still takes, in words: `about 12 minutes left`."""
    minutes = round(seconds / 60)
    return f"about {plural(minutes, 'minute')} left" if minutes else "less than a minute left"
