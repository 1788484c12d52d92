"""When scheduled runs start."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from viewfinder_components.errors import UsageError
from viewfinder_components.spelling import spell

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Trigger:
    """When runs start: by a cron expression or at an interval, not both.

    Attributes:
        cron: Six fields, seconds first, in Kubeflow Pipelines' form; UTC unless the installation
            specifies otherwise.
        interval: Seconds between two runs.
    """

    cron: str = ""
    interval: int = 0

    @classmethod
    def parse(cls, cron: str | None, every: str | None) -> "Trigger":
        """Parse a user's schedule.

        Args:
            cron: Five fields as in crontab, or six with seconds first.
            every: An interval such as `90m`, `6h` or `1d`; at least a minute.

        Raises:
            UsageError: Not exactly one of them, or not well-formed.
        """
        if bool(cron) == bool(every):
            raise UsageError(
                f"either {spell('cron')} or {spell('every')}",
                "both" if cron else "neither",
                "give one of them",
            )
        if cron:
            fields = cron.split()
            if len(fields) not in (5, 6):
                raise UsageError(
                    "a cron expression of five fields (minute hour day month weekday)",
                    repr(cron),
                    f"write {spell('cron', '0 3 * * *')} for example",
                )
            return cls(cron=" ".join(["0", *fields][-6:]))
        match = re.fullmatch(r"([1-9]\d*)([smhd])", every or "")
        seconds = int(match[1]) * _UNITS[match[2]] if match else 0
        if seconds < _UNITS["m"]:
            raise UsageError(
                "an interval of at least a minute",
                repr(every),
                f"write {spell('every', '6h')} for example",
            )
        return cls(interval=seconds)

    def __str__(self) -> str:
        if self.cron:
            return f"cron {self.cron.removeprefix('0 ') if self._has_seconds() else self.cron}"
        unit = max((u for u in _UNITS if self.interval % _UNITS[u] == 0), key=_UNITS.__getitem__)
        return f"every {self.interval // _UNITS[unit]}{unit}"

    def next_time(self, last: datetime) -> datetime | None:
        """Return when the next run is due, in UTC; None for an unsupported cron expression.

        Args:
            last: Now, for a cron expression; for an interval the last run, or the creation time.
        """
        from croniter import CroniterError, croniter  # type: ignore[import-untyped]

        if not self.cron:
            missed = max(0.0, (datetime.now(UTC) - last).total_seconds()) // self.interval
            return last + timedelta(seconds=(missed + 1) * self.interval)
        try:
            times = croniter(self.cron, last, second_at_beginning=self._has_seconds())
            found: datetime = times.get_next(datetime)
        except (CroniterError, ValueError):
            return None  # Kubeflow Pipelines supports some that croniter does not
        return found

    def _has_seconds(self) -> bool:
        return len(self.cron.split()) == 6
