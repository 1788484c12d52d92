"""When a served model had no replica that takes requests, and for how long."""

from collections.abc import Sequence
from dataclasses import dataclass

from viewfinder_pipelines.watching.figures import ServingFigures


@dataclass(frozen=True)
class ColdStart:
    """A time without a ready replica, which ended.

    A request that arrives meanwhile, and that is held and not refused, waits for its end.
    """

    begin: float
    """When it began, in seconds since the first reading."""
    end: float
    """When a replica was ready, in the same seconds."""
    start_seconds: float | None
    """Of that, from the start of the process until it was ready; None if that is not known."""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.begin


def find_cold_starts(readings: Sequence[ServingFigures]) -> list[ColdStart]:
    """Return the cold starts that the readings show, to the accuracy of their interval.

    Args:
        readings: In the order of their times. Those that say nothing about replicas are left out.
    """
    found: list[ColdStart] = []
    begin: float | None = None
    for reading in readings:
        if reading.problem:
            continue
        at = (reading.time - readings[0].time).total_seconds()
        ready = [one for one in reading.replicas if one.is_ready and not one.problem]
        if not ready:
            begin = at if begin is None else begin
        elif begin is not None:
            starts = [one.start_seconds for one in ready if one.start_seconds is not None]
            found.append(ColdStart(begin, at, min(starts, default=None)))
            begin = None
    return found
