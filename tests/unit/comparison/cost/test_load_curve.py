"""A day's load from a CSV file, and what is refused."""

import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from viewfinder_comparison.cost.load_curve import read_load_curve
from viewfinder_components.errors import UsageError

HEADER = "time,queries_per_second"
HOURS = [f"{hour:02d}:00" for hour in range(24)]


def write(path: Path, rows: list[str], header: str = HEADER) -> Path:
    file = path / "day.csv"
    file.write_text("\n".join([header, *rows]) + "\n")
    return file


def day_of(year: int, month: int, day: int, minutes: int = 60) -> list[str]:
    """Return the times of a day in Berlin, whatever is done to the clocks."""
    zone = ZoneInfo("Europe/Berlin")
    start = datetime.datetime(year, month, day, tzinfo=zone).timestamp()
    end = (
        datetime.datetime(year, month, day, tzinfo=zone) + datetime.timedelta(days=1)
    ).timestamp()
    return [
        datetime.datetime.fromtimestamp(start + 60 * step, zone).isoformat()
        for step in range(0, round((end - start) / 60), minutes)
    ]


def test_hours_of_a_day(tmp_path: Path) -> None:
    load = read_load_curve(
        write(tmp_path, [f"{time},{number}" for number, time in enumerate(HOURS)])
    )
    assert load.mean == 11.5
    assert load.shape[0] == 0
    assert load.shape[23] == pytest.approx(2)
    assert load.peak == pytest.approx(2)
    assert sum(load.shape) / 24 == pytest.approx(1)
    assert load.source == "24 rows of day.csv"


@pytest.mark.parametrize(
    ("date", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 7, 1), 24)]
)
@pytest.mark.parametrize("minutes", [60, 15])
def test_days_on_which_clocks_are_changed(
    date: tuple[int, int, int], hours: int, minutes: int, tmp_path: Path
) -> None:
    load = read_load_curve(write(tmp_path, [f"{time},5" for time in day_of(*date, minutes)]))
    assert load.hours == hours
    assert len(load.shape) == hours * 60 / minutes
    assert load.mean == 5


def test_utc_other_columns_blanks_and_a_byte_order_mark(tmp_path: Path) -> None:
    rows = [f"x, 2026-07-01T{time}Z , 3 " for time in HOURS]
    file = write(tmp_path, rows, "\ufeffnote,time,queries_per_second")
    assert read_load_curve(file).mean == 3


def changed(number: int, row: str) -> list[str]:
    rows = [f"{time},5" for time in HOURS]
    rows[number] = row
    return rows


RATES = "expected queries per second from 0 to 1,000,000 in"
STEPS = "expected a row every 60 minutes, as between the first two, in"
WRONG = {
    "negative": (changed(3, "03:00,-1"), RATES, "'-1' in line 5"),
    "not a number": (changed(3, "03:00,many"), RATES, "'many' in line 5"),
    "NaN": (changed(3, "03:00,nan"), RATES, "'nan' in line 5"),
    "infinite": (changed(3, "03:00,inf"), RATES, "'inf' in line 5"),
    "huge": (changed(3, "03:00,1e300"), RATES, "'1e300' in line 5"),
    "empty": (changed(3, "03:00,"), RATES, "'' in line 5"),
    "short row": (changed(3, "03:00"), RATES, "'' in line 5"),
    "gap": ([row for row in changed(0, "00:00,5") if not row.startswith("07")], STEPS,
            "one in line 9 that is 120 minutes after the row before"),
    "twice": (changed(3, "02:00,5"), STEPS, "one in line 5 that is 0 minutes after"),
    "backwards": (changed(1, "00:00,5"), "expected times that rise", "one in line 3"),
    "no time": (changed(3, "noon,5"), "expected times such as 00:15, or all", "'00:00' in line 2"),
    "half a day": ([f"{time},5" for time in HOURS[:12]],
                   "a day of 24 hours, the first row at 00:00",
                   "12 hours that start at 00:00, in steps of 60 minutes"),
    "from noon": ([f"{time},5" for time in HOURS[12:]], "a day of 24 hours, the first row at 00:00",
                  "12 hours that start at 12:00"),
    "no rows": ([], "at least 2 rows", "received 0"),
    "one row": (["00:00,5"], "at least 2 rows", "received 1"),
    "only zeros": ([f"{time},0" for time in HOURS], "a load above 0", "0 in every row"),
    "a local day with a repeated hour": (
        [f"2026-10-25T{time},5" for time in [*HOURS[:3], "02:00", *HOURS[3:]]],
        "times with a date to have their offset", "'2026-10-25T00:00' in line 2"),
    "two days": ([*(f"2026-07-01T{time}Z,5" for time in HOURS),
                  *(f"2026-07-02T{time}Z,5" for time in HOURS)],
                 "24 hours, or 23 or 25 with new clocks", "48 hours"),
    "too many rows": (["00:00,5"] * 1600, "at most 1,500 rows", "received more"),
    "open quotes": (changed(3, '03:00,"5'), "expected rows of CSV", "unexpected end of data"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_other_rows_are_refused(name: str, tmp_path: Path) -> None:
    rows, expected, received = WRONG[name]
    with pytest.raises(UsageError) as caught:
        read_load_curve(write(tmp_path, rows))
    assert expected in str(caught.value)
    assert received in str(caught.value)
    assert "docs/cost.md" in caught.value.remedy


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no column queries_per_second among time, load"):
        read_load_curve(write(tmp_path, ["00:00,5"], "time,load"))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_load_curve(tmp_path / "lost.csv")
    with pytest.raises(UsageError, match="Is a directory"):
        read_load_curve(tmp_path)
    (tmp_path / "day.csv").write_bytes(b"time,queries_per_second\n\xff")
    with pytest.raises(UsageError, match="UTF-8"):
        read_load_curve(tmp_path / "day.csv")
