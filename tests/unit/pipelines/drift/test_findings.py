"""What findings say of time, as JSON, as a table and as a page."""

import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
from tests.fixtures.drift_metrics import count_photos, make_reference, write_metrics

import viewfinder
from viewfinder_pipelines.drift.counted import merge_replicas, read_versions
from viewfinder_pipelines.drift.findings import Drift, DriftPoint, MeasureDrift
from viewfinder_pipelines.drift.judging import judge_version
from viewfinder_pipelines.drift.sentences import describe_resolution, describe_time, name_length
from viewfinder_pipelines.watching.samples import read_samples

END = datetime(2026, 5, 4, 12, tzinfo=UTC)
STEP = timedelta(minutes=15)
DARK_FROM = 60
DARK = {"brightness": 0.5, "predicted": -0.4}
REFERENCE = make_reference()
HOSTILE = "<script>alert(1)</script>\x1b[31m"


def make_drift(name: str = "fruit", moved: dict[str, float] | None = None) -> Drift:
    moved = DARK if moved is None else moved
    start = END - 96 * STEP
    history: dict[tuple[str, str, str], list[tuple[datetime, np.ndarray]]] = {}
    for number in range(1, 97):
        counts = count_photos(REFERENCE, 100, moved if number > DARK_FROM else {}, seed=number)
        for measure, row in counts.items():
            precision = "f32" if measure in ("confidence", "novelty", "predicted") else ""
            of_measure = history.setdefault(("7", measure, precision), [])
            of_measure.append((start + number * STEP, row.astype(float)))
    page = write_metrics(REFERENCE, count_photos(REFERENCE, 2400, moved))
    (version,) = read_versions(merge_replicas([read_samples(page)]))
    judged = judge_version(version, history)
    source = "Prometheus, the last day"
    return Drift(name, source, END, start, (judged,), {}, STEP, timedelta(hours=1))


def make_measure(pattern: str, has_drifted: bool = True) -> MeasureDrift:
    """Return a measure: `!` is beyond the limit, `.` is not, and `?` is of too few photos."""
    found = {"!": True, ".": False, "?": None}
    points = tuple(
        DriftPoint(END + number * STEP, 30.0 if letter == "!" else 1.0, found[letter])
        for number, letter in enumerate(pattern)
    )
    return MeasureDrift(
        "brightness", "", "brightness", 100, 30.0, 20.0, 0.3, has_drifted, "darker", "",
        ("below 50", "50 or more"), (50.0,), (0.5, 0.5), (0.8, 0.2), points,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "since", "until"),
    [
        ("", None, None),
        ("....", None, None),
        ("..!!!!", 2, None),
        ("!!!!", 0, None),
        ("..!!!..", 2, 4),
        ("!..........!!!!!", 11, None),  # one point by chance
        ("..!!.!!!", 2, None),  # one within the limit in a drift
        ("..!!!???", 2, None),  # no photos since then
        ("!!............!!!!", 14, None),
    ],
)
def test_since_when(pattern: str, since: int | None, until: int | None) -> None:
    measure = make_measure(pattern)
    times = [END + number * STEP for number in range(len(pattern))]
    assert measure.since == (None if since is None else times[since])
    assert measure.until == (None if until is None else times[until])


def test_since_when_in_words() -> None:
    def write(time: datetime) -> str:
        return f"{time:%H:%M}"

    assert describe_time(make_measure("....!!"), write) == "beyond its limit since 13:00"
    assert describe_time(make_measure("!!!!"), write) == "beyond its limit since 12:00 or earlier"
    assert describe_time(make_measure(".!!..."), write) == "beyond its limit from 12:15 to 12:30"
    assert describe_time(make_measure(".!..."), write) == "beyond its limit at 12:15 only"
    assert describe_time(make_measure("..."), write) == ""
    assert describe_time(make_measure(".!!...", False), write) == ""
    said = "over the whole window; beyond its limit since 13:00"
    assert describe_time(make_measure("....!!", False), write) == said


def test_the_resolution_in_words() -> None:
    assert describe_resolution(make_drift()) == (
        "One point every 15 minutes; each is about the photos of the hour before it."
    )
    assert name_length(timedelta(days=1)) == "day"
    assert name_length(timedelta(minutes=90)) == "90 minutes"
    assert name_length(timedelta(seconds=75)) == "75 seconds"


def test_the_farthest_beyond_its_limit_is_first() -> None:
    (version,) = make_drift().versions
    assert [one.name for one in version.drifted] == ["brightness", "predicted"]
    distances = [one.times_limit for one in version.measures]
    assert distances == sorted(distances, reverse=True)
    brightness = version.measures[0]
    assert brightness.since == END - 96 * STEP + (DARK_FROM + 1) * STEP
    assert brightness.sentence == "darker, median 40 to 60 instead of 100 to 120"


def test_as_json() -> None:
    drift = make_drift()
    record = json.loads(json.dumps(drift.to_json(), allow_nan=False))
    assert record["has_drifted"] is True
    assert (record["step_seconds"], record["stretch_seconds"]) == (900, 3600)
    (version,) = record["versions"]
    first = version["measures"][0]
    assert datetime.fromisoformat(first["since"]) == drift.versions[0].measures[0].since
    assert len(first["timeline"]) == 96
    assert sum(first["expected"]) == pytest.approx(1)
    assert sum(first["present"]) == pytest.approx(1)


def test_as_a_table() -> None:
    table = make_drift().to_table()
    assert table.num_rows == 12
    row = table.slice(0, 1).to_pylist()[0]
    assert (row["version"], row["name"], row["has_drifted"]) == ("7", "brightness", True)
    assert row["since"].tzinfo is not None


class _Page(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.drawn: list[str | None] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        if tag == "svg":
            assert dict(attrs)["role"] == "img"
            self.drawn.append(dict(attrs)["aria-label"])

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_draws_every_measure() -> None:
    page = _Page(make_drift().html)
    distributions = [label for label in page.drawn if label and label.startswith("Distribution of")]
    assert len(distributions) == 11  # all but the classes, whose names HTML renders better
    timelines = [label for label in page.drawn if label and "statistic over time" in label]
    assert len(timelines) == 2  # of those that have drifted
    assert distributions[0] == (
        "Distribution of brightness. darker, median 40 to 60 instead of 100 to 120"
    )
    for text in ("2 of 12 measures have drifted", "Usual causes: night", "other classes"):
        assert text in page.text


def test_the_bars_are_as_high_as_their_shares() -> None:
    drift = make_drift()
    measure = drift.versions[0].measures[0]
    svg = re.findall(r'<svg class="drift".*?</svg>', drift.html, re.DOTALL)[0]
    heights = [float(one) for one in re.findall(r'class="now"[^>]* height="([\d.]+)"', svg)]
    assert np.allclose(np.array(heights) / sum(heights), measure.present, atol=0.001)
    lefts = [float(one) for one in re.findall(r'class="expected" x="([\d.]+)"', svg)]
    assert all(after > before for before, after in pairwise(lefts))


def test_a_hostile_name_stays_text() -> None:
    drift = make_drift(HOSTILE, {})
    assert not drift.has_drifted
    page = _Page(drift.html)
    assert "script" not in page.names
    assert "\x1b" not in drift.html
    assert "As expected" in page.text


def test_in_a_notebook_it_is_the_page_in_a_frame() -> None:
    shown = make_drift()._repr_html_()
    assert shown.startswith('<iframe title="Drift" sandbox srcdoc="')
    assert "2 of 12 measures have drifted" in shown


def test_without_times_there_is_no_timeline() -> None:
    page = write_metrics(REFERENCE, count_photos(REFERENCE, 20, DARK))
    (version,) = read_versions(merge_replicas([read_samples(page)]))
    drift = Drift("", "predictors", END, None, (judge_version(version, {}),), {"a": "HTTP 503"})
    shown = _Page(drift.html)
    assert not any("over time" in (label or "") for label in shown.drawn)
    assert "too few photos to conclude anything: 20, and at least 50 are needed" in shown.text
    assert "a: HTTP 503" in shown.text
    assert not drift.has_drifted


def test_the_names_are_public() -> None:
    for name in ("Drift", "DriftPoint", "MeasureDrift", "VersionDrift", "drift"):
        assert getattr(viewfinder, name)
