"""How a predictor's counters grew within the last seconds."""

from collections import deque

from viewfinder_pipelines.watching.samples import Samples, add_up, is_counter, total

_OF_THE_CONTAINER = "viewfinder_container_"  # they outlive the process


class History:
    """The readings of one predictor.

    As in Prometheus, a counter that fell has begun at 0 again. All counters of a process that was
    started anew have, whether they fell or not. So has a series that appears after the first
    reading: before that, it had nothing to count.

    Args:
        window: Seconds over which rates are taken.
    """

    def __init__(self, window: float) -> None:
        self.samples: Samples = {}
        """What was read last."""
        self._window = window
        self._time: float | None = None
        self._grown: deque[tuple[float, Samples]] = deque()

    def add(self, time: float, samples: Samples) -> None:
        """Add a reading.

        Args:
            time: When it was made, in seconds of a clock that never goes back.
            samples: What was read.
        """
        if self._time is not None and time > self._time:
            self._grown.append((time - self._time, self._count_growth(samples)))
        self._time, self.samples = time, samples
        while len(self._grown) > 1 and self._seconds - self._grown[0][0] >= self._window:
            self._grown.popleft()

    def growth(self) -> Samples:
        """Return how much each counter grew; empty before the second reading."""
        return add_up(samples for _, samples in self._grown)

    def rates(self) -> Samples:
        """Return how much each counter grew a second; empty before the second reading."""
        return {key: value / self._seconds for key, value in self.growth().items()}

    @property
    def _seconds(self) -> float:
        return sum(seconds for seconds, _ in self._grown)

    def _count_growth(self, samples: Samples) -> Samples:
        started = "process_start_time_seconds"
        is_new = total(samples, started) != total(self.samples, started)
        grown: Samples = {}
        for key, value in samples.items():
            if is_counter(key[0]):
                from_zero = is_new and not key[0].startswith(_OF_THE_CONTAINER)
                before = 0.0 if from_zero else self.samples.get(key, 0.0)
                grown[key] = value - before if value >= before else value
        return grown
