"""Read predictors again and again."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from viewfinder_components.errors import TransientError
from viewfinder_pipelines.watching.figures import ServingFigures
from viewfinder_pipelines.watching.history import History
from viewfinder_pipelines.watching.reading import Predictors
from viewfinder_pipelines.watching.summary import summarize


def watch_predictors(
    predictors: Predictors, interval: float, window: float
) -> Iterator[ServingFigures]:
    """Yield the figures of predictors in every interval; the first after two readings.

    Args:
        predictors: What to read.
        interval: Seconds from one reading to the next.
        window: Seconds over which rates are taken; at least an interval counts.
    """
    watched = _Watched(predictors, window)
    watched.read()
    time.sleep(interval)
    yield from repeat(watched.read_patiently, interval)


def repeat(read: Callable[[], ServingFigures], interval: float) -> Iterator[ServingFigures]:
    """Yield what is read now, and then in every interval."""
    while True:
        begun = time.monotonic()
        yield read()
        time.sleep(max(0.0, begun + interval - time.monotonic()))


class _Watched:
    def __init__(self, predictors: Predictors, window: float) -> None:
        self._predictors, self._window = predictors, window
        self._histories: dict[str, History] = {}

    def read_patiently(self) -> ServingFigures:
        try:
            return self.read()
        except TransientError as error:
            return ServingFigures(datetime.now(UTC), str(error))

    def read(self) -> ServingFigures:
        readings = self._predictors.read()
        # A pod that is gone does not come back under its name.
        known = self._histories
        self._histories = {name: known.get(name) or History(self._window) for name in readings}
        for name, reading in readings.items():
            if not reading.problem:
                self._histories[name].add(reading.time, reading.samples)
        up = {name: self._histories[name] for name, one in readings.items() if not one.problem}
        return summarize(
            {name: history.rates() for name, history in up.items()},
            {name: history.samples for name, history in up.items()},
            {name: one.problem for name, one in readings.items() if one.problem},
        )
