"""The report of a run, read here and through the UI, and how a notebook shows it."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.unit.pipelines.played_kubeflow import UI_HEALTH, play
from tests.unit.pipelines.results.conftest import Make

import viewfinder
from viewfinder_components.errors import PermanentError
from viewfinder_pipelines.kubeflow.artifacts import artifact_path

PAGE = '<!doctype html><html><head></head><body title="1 &amp; 2">פרי \'"></iframe></body></html>'


class Frames(HTMLParser):
    """The attributes of the frames in a page, and every other tag."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.frames: list[dict[str, str | None]] = []
        self.others: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "iframe":
            self.frames.append(dict(attrs))
        else:
            self.others.append(tag)


def test_a_report_of_this_machine(make_result: Make, folder: Path) -> None:
    path = folder / "report.html"
    path.write_text(PAGE, "utf-8")
    report = viewfinder.read_report(replace(make_result(str(folder)), report=str(path)))
    assert report.html == PAGE
    assert "פרי" not in repr(report)


def test_a_notebook_shows_the_whole_page_in_a_frame_without_scripts() -> None:
    shown = Frames(viewfinder.Report(PAGE)._repr_html_())
    assert shown.others == []
    (frame,) = shown.frames
    assert frame["sandbox"] in (None, "")  # allows nothing
    assert frame["srcdoc"] == PAGE.replace("<head>", '<head><base href="about:srcdoc">')


def test_a_report_on_kubeflow_is_read_through_the_ui(make_result: Make) -> None:
    with play() as kubeflow:
        kubeflow.connect(UI_HEALTH)
        uri = "minio://mlpipeline/v2/evaluate/evaluation_report"
        kubeflow.answers[artifact_path(uri, "")] = PAGE
        result = make_result("minio://mlpipeline/v2", where=kubeflow.host)
        assert viewfinder.read_report(replace(result, report=uri)).html == PAGE


def test_a_run_without_a_report(make_result: Make, folder: Path) -> None:
    running = replace(make_result(str(folder)), state="running")
    with pytest.raises(PermanentError, match="the report of run r-1, received none; the run is in"):
        viewfinder.read_report(running)


def test_a_damaged_report(make_result: Make, folder: Path) -> None:
    path = folder / "report.html"
    path.write_bytes(b"\xff")
    with pytest.raises(PermanentError, match=r"an HTML page in .*report\.html"):
        viewfinder.read_report(replace(make_result(str(folder)), report=str(path)))
