"""Progress of long-running work, as log lines for terminals and pod logs."""

import logging
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)


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
        rate = (self._done - self._before) / max(now - self._started, 1e-9)
        if self._total is None:
            return f"{self._what} {self._done:,}, {rate:,.0f}/s"
        share = self._done / max(self._total, 1)
        return f"{self._what} {self._done:,} of {self._total:,} ({share:.0%}), {rate:,.0f}/s"


def _to_log(line: str) -> None:
    _log.info("%s", line)
