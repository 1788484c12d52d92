"""Progress of long work, as log lines that read well on a terminal and in a pod's log."""

import logging
import time

_log = logging.getLogger(__name__)


class Progress:
    """Log how far a countable job is, at most once every `interval` seconds.

    Args:
        what: The job and its unit, such as `"validate: photos"`.
        total: How many units there are; None when not known beforehand.
        interval: Seconds between two lines.
    """

    def __init__(self, what: str, total: int | None, interval: float = 2.0) -> None:
        self._what = what
        self._total = total
        self._interval = interval
        self._done = 0
        self._started = self._last = time.monotonic()

    def advance(self, count: int = 1) -> None:
        """Count `count` more units as done."""
        self._done += count
        now = time.monotonic()
        if now - self._last >= self._interval:
            self._last = now
            _log.info("%s", self._line(now))

    def finish(self) -> None:
        """Log the last line, with the total and the rate."""
        _log.info("%s", self._line(time.monotonic()))

    def _line(self, now: float) -> str:
        rate = self._done / max(now - self._started, 1e-9)
        if self._total is None:
            return f"{self._what} {self._done:,}, {rate:,.0f}/s"
        share = self._done / max(self._total, 1)
        return f"{self._what} {self._done:,} of {self._total:,} ({share:.0%}), {rate:,.0f}/s"
