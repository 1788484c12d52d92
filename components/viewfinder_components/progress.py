"""Progress of long-running work, as log lines for terminals and pod logs."""

import logging
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)
_SHORTEST = 0.1  # seconds; the rate of less is that of the clock, not of the work


class Progress:
    """Log the progress of a countable job, at most once every `interval` seconds.

    Args:
        what: The job and its unit, such as `"validate: photos"`.
        total: Number of units; None if not known beforehand.
        interval: Seconds between two lines.
        done: Number of units that an earlier run has done; they do not count in the rate.
        tell: Takes each line; None for the log.
    """

    def __init__(
        self,
        what: str,
        total: int | None,
        interval: float = 2.0,
        *,
        done: int = 0,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._what = what
        self._total = total
        self._interval = interval
        self._done = self._before = done
        self._tell = tell or _to_log
        self._started = self._last = time.monotonic()

    def advance(self, count: int = 1) -> None:
        """Count `count` more units as done."""
        self._done += count
        now = time.monotonic()
        if now - self._last >= self._interval:
            self._last = now
            self._tell(self._line(now))

    def finish(self) -> None:
        """Log the last line, with the total and the rate."""
        self._tell(self._line(time.monotonic()))

    def _line(self, now: float) -> str:
        line = f"{self._what} {self._done:,}"
        if self._total is not None:
            line += f" of {self._total:,} ({self._done / max(self._total, 1):.0%})"
        return line + describe_rate(self._done - self._before, now - self._started)


def describe_rate(count: int, seconds: float) -> str:
    """Return the end of a line that tells a rate; nothing if too little was done to tell one.

    Args:
        count: How many units were done.
        seconds: What they took.
    """
    if count <= 0 or seconds < _SHORTEST:
        return ""
    rate = count / seconds
    return f", {rate:,.0f}/s" if rate >= 10 else f", {rate:.1f}/s"


def _to_log(line: str) -> None:
    _log.info("%s", line)
