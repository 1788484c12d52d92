"""The page of a served model."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from viewfinder.watching import ServingFigures, ServingReplica, save_figures
from viewfinder_components.errors import PermanentError, UsageError
from viewfinder_pipelines.watching.cold_starts import ColdStart, find_cold_starts

BEGIN = datetime(2026, 11, 28, 12, tzinfo=UTC)
READY = ServingReplica("a", is_ready=True, start_seconds=5.0, version="7")
STARTING = ServingReplica("a")
DOWN = ServingReplica("b", "no server listening there")


def read(second: float, *replicas: ServingReplica, **fields: object) -> ServingFigures:
    return ServingFigures(BEGIN + timedelta(seconds=second), replicas=replicas, **fields)


def test_a_cold_start_is_the_time_without_a_ready_replica():
    readings = [read(0, DOWN), read(2), read(4, STARTING), read(8, DOWN, READY), read(10, READY)]
    assert find_cold_starts(readings) == [ColdStart(0.0, 8.0, 5.0)]
    assert find_cold_starts(readings)[0].seconds == 8.0


def test_a_later_cold_start_and_one_that_has_not_ended():
    readings = [read(0, READY), read(3, STARTING), read(5, READY), read(7, DOWN)]
    assert find_cold_starts(readings) == [ColdStart(3.0, 5.0, 5.0)]


def test_a_reading_without_figures_says_nothing_about_replicas():
    readings = [read(0, READY), read(3, problem="HTTP 503"), read(5, READY)]
    assert find_cold_starts(readings) == []


def test_the_page_shows_latency_and_cold_starts(tmp_path: Path):
    readings = [read(0, DOWN), read(60, STARTING)]
    readings += [
        read(65 + second, READY, requests_per_second=20.0, p50_seconds=0.01, p99_seconds=0.05)
        for second in range(100)
    ]
    page = save_figures(readings, tmp_path / "new" / "page.html", title="<fruit>").read_text()
    text = " ".join(re.sub(r"<[^>]*>", " ", page).split())
    assert "&lt;fruit&gt;" in page
    assert "Cold start 65.0 s the process: 5.0 s" in text
    assert page.count("ready after 65.0 s") == 2
    assert "minutes since 12:00:00 UTC" in text
    assert "p99 at the end 50 ms" in text


@pytest.mark.filterwarnings("error")
def test_a_page_without_requests(tmp_path: Path):
    readings = [
        read(second, READY, requests_per_second=0.0, outcomes={"answered": 0.0})
        for second in (0, 2)
    ]
    page = save_figures(readings, tmp_path / "page.html").read_text()
    assert "The model has not been asked for a prediction" in page
    assert "At the end:" not in page
    assert "\N{MINUS SIGN}" not in page  # the axis has no rates below 0


@pytest.mark.parametrize("readings", [[read(0)], [read(0, DOWN), read(2, problem="HTTP 503")]])
def test_a_page_whose_requests_are_not_known(tmp_path: Path, readings: list[ServingFigures]):
    page = save_figures(iter(readings), tmp_path / "page.html").read_text()
    assert "No reading says how many requests there were" in page
    assert "The model has not been asked" not in page


def test_a_page_that_cannot_be_written(tmp_path: Path):
    with pytest.raises(UsageError, match="at least one reading"):
        save_figures([], tmp_path / "page.html")
    (tmp_path / "file").touch()
    with pytest.raises(PermanentError, match="a writable path for the page"):
        save_figures([read(0)], tmp_path / "file" / "page.html")
