"""Read a day's load from a CSV file.

The columns are `time` and `queries_per_second`; others are ignored. Times are either all local, as
in `00:15`, or all complete with date and offset, as in `2026-10-25T02:00+01:00`, which tells the
two hours of the same name apart on the day when the clocks go back. They rise in equal steps and
cover one day: 24 hours, or with offsets also the 23 or 25 of a day on which the clocks are changed.
"""

import csv
import datetime
import io
import math
import re
from collections.abc import Sequence
from pathlib import Path

from viewfinder_comparison.cost.capacity import LARGEST_RATE, SMALLEST_RATE
from viewfinder_comparison.cost.loads import Load
from viewfinder_components.errors import UsageError, reason_of
from viewfinder_components.spelling import spell

_COLUMNS = ("time", "queries_per_second")
_MOST_ROWS = 25 * 60  # a row a minute, on the longest day
_DAYS = (23, 24, 25)  # hours
_REMEDY = "correct the file; docs/cost.md describes it"
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def read_load_curve(path: Path) -> Load:
    """Read a day's load.

    Raises:
        UsageError: The file cannot be read, or is not a day's load.
    """
    rows = _read_rows(path)
    lines = [line for line, _, _ in rows]
    times = _read_times([time for _, time, _ in rows], lines, path)
    step = _check_steps(times, lines, path)
    hours = len(rows) * step / 3600
    is_local = _CLOCK.fullmatch(rows[0][1]) is not None
    if hours not in ((24,) if is_local else _DAYS) or (is_local and times[0] != 0):
        start = ", the first row at 00:00," if is_local else ", or 23 or 25 with new clocks"
        raise UsageError(
            f"rows that cover a day of 24 hours{start} in {path}",
            f"{hours:g} hours that start at {rows[0][1]}, in steps of {step / 60:g} minutes",
            _REMEDY,
        )
    return _make_load([_read_rate(text, line, path) for line, _, text in rows], hours, path)


def _make_load(rates: Sequence[float], hours: float, path: Path) -> Load:
    mean = math.fsum(rates) / len(rates)
    if mean < SMALLEST_RATE:
        received = "0 in every row" if mean == 0 else f"{mean:g} on average"
        raise UsageError(f"a load above 0 in at least one row of {path}", received, _REMEDY)
    shape = tuple(rate / mean for rate in rates)
    return Load(shape, mean, hours, f"{len(rates)} rows of {path.name}")


def _read_rows(path: Path) -> list[tuple[int, str, str]]:
    """Return line, time and load of each row."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"a readable CSV file at {path}", reason_of(error), f"correct {spell('load')}"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path} to be CSV in UTF-8", reason_of(error), "save it in UTF-8, or name another file"
        ) from error
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, str, str]] = []
    try:
        if missing := [name for name in _COLUMNS if name not in (reader.fieldnames or ())]:
            raise UsageError(
                f"the columns {' and '.join(_COLUMNS)} in the first line of {path}",
                f"no column {missing[0]} among {', '.join(reader.fieldnames or ()) or 'none'}",
                _REMEDY,
            )
        for row in reader:
            rows.append((reader.line_num, *((row[name] or "").strip() for name in _COLUMNS)))  # type: ignore[arg-type]
            if len(rows) > _MOST_ROWS:
                raise UsageError(
                    f"at most {_MOST_ROWS:,} rows, one a minute, in {path}", "more", _REMEDY
                )
    except csv.Error as error:
        received = f"{error} in line {reader.line_num}"
        raise UsageError(f"rows of CSV in {path}", received, _REMEDY) from error
    if len(rows) < 2:
        raise UsageError(f"at least 2 rows below the first line of {path}", f"{len(rows)}", _REMEDY)
    return rows


def _read_times(texts: Sequence[str], lines: Sequence[int], path: Path) -> list[float]:
    """Return times in seconds, of the day or of the epoch."""
    if all(_CLOCK.fullmatch(text) for text in texts):
        return [3600.0 * int(text[:2]) + 60.0 * int(text[3:]) for text in texts]
    seconds = []
    for text, line in zip(texts, lines, strict=True):
        try:
            time = datetime.datetime.fromisoformat(text)
        except ValueError as error:
            raise UsageError(
                f"times such as 00:15, or all such as 2026-10-25T02:00+01:00, in {path}",
                _at(text, line),
                _REMEDY,
            ) from error
        if time.tzinfo is None:
            raise UsageError(
                f"times with a date to have their offset, such as +01:00, in {path}",
                _at(text, line),
                _REMEDY,
            )
        seconds.append(time.timestamp())
    return seconds


def _check_steps(times: Sequence[float], lines: Sequence[int], path: Path) -> float:
    """Return the step in seconds."""
    step = times[1] - times[0]
    if step <= 0:
        raise UsageError(
            f"times that rise in {path}",
            f"one in line {lines[1]} that is not after the one before",
            _REMEDY,
        )
    for before, after, line in zip(times[1:], times[2:], lines[2:], strict=False):
        if after - before != step:
            minutes = (after - before) / 60
            raise UsageError(
                f"a row every {step / 60:g} minutes, as between the first two, in {path}",
                f"one in line {line} that is {minutes:g} minutes after the row before",
                _REMEDY,
            )
    return step


def _read_rate(text: str, line: int, path: Path) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 <= rate <= LARGEST_RATE:
        raise UsageError(
            f"queries per second from 0 to {LARGEST_RATE:,.0f} in {path}", _at(text, line), _REMEDY
        )
    return rate


def _at(text: str, line: int) -> str:
    return f"{text[:40]!r} in line {line}"
