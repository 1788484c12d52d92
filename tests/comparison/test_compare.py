"""The harness with real servers: they are started, checked, loaded, stopped and reported."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from tests.fixtures.foreign_modules import write_foreign_modules

from viewfinder_comparison.compare import compare_servers
from viewfinder_comparison.measurement.round import Task
from viewfinder_comparison.report.page import write_report
from viewfinder_comparison.results import ServerResult, read_comparison
from viewfinder_comparison.servers.registry import SERVERS

OURS = SERVERS["viewfinder"]


def run(task: Task, output: Path, *servers: object) -> tuple[list[ServerResult], list[str]]:
    """Compare servers; return their rows and what was said meanwhile."""
    said: list[str] = []
    comparison = compare_servers(servers, task, output, said.append)  # type: ignore[arg-type]
    write_report(output, comparison)
    assert read_comparison(output) == comparison
    return list(comparison.servers), said


def test_ours_and_flask(task: Task, tmp_path: Path) -> None:
    rows, said = run(task, tmp_path, OURS, SERVERS["flask"])
    for row in rows:
        assert (row.state, row.reason) == ("measured", None)
        assert [load.clients for load in row.closed_loop] == [1, 2]
        assert len(row.open_loop) == 2
        assert row.overload
        for load in (*row.closed_loop, *row.open_loop):
            assert load.outcomes.answered == load.outcomes.sent > 0
            assert load.latency_ms
            assert 0 < load.latency_ms.p50 <= load.latency_ms.p99
        assert row.cold_start_seconds
        assert row.memory_mb
        assert row.memory_mb.median > 20, "megabytes, of a whole Python process"
        assert row.cpu_seconds_per_1000_photos
        assert row.largest_difference is not None
    ours, flask = rows
    assert ours.code
    assert flask.code
    assert ours.code.lines == 0 < flask.code.lines
    assert flask.packages.keys() == {"flask", "tensorflow"}
    page = (tmp_path / "comparison.html").read_text()
    assert "Flask, its own server" in page
    assert "Flask, its own server" in (tmp_path / "comparison.md").read_text()
    assert any("clients" in text for text in said)
    assert all("left; round 1 of 1" in text for text in said if "warming up" in text)


def test_what_was_measured_is_kept(brief: Task, tmp_path: Path) -> None:
    first, _ = run(brief, tmp_path, OURS)
    again, said = run(brief, tmp_path, OURS)
    assert again == first
    assert not any("starting" in text for text in said)
    more = replace(brief, procedure=replace(brief.procedure, rounds=2))
    (row,), said = run(more, tmp_path, OURS)
    assert not any("round 1" in text for text in said)
    assert len(row.open_loop) == 1, "another round has the same rates"
    assert all(len(load.photos_per_second.values) == 2 for load in row.open_loop)
    other = replace(brief, procedure=replace(brief.procedure, seconds=0.4))
    _, said = run(other, tmp_path, OURS)
    assert any("starting" in text for text in said), "another procedure is measured anew"


WRONG = """
import http.server, json, sys

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        row = {"label": "red", "probabilities": [1.0, 0.0, 0.0]}
        body = json.dumps({"predictions": [row]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def test_servers_that_fail_are_rows_with_their_reasons(brief: Task, tmp_path: Path) -> None:
    dying = replace(
        OURS,
        name="dying",
        command=lambda place: [sys.executable, "-c", "raise SystemExit('no such model')"],
    )
    wrong = replace(
        OURS,
        name="wrong",
        command=lambda place: [sys.executable, "-c", WRONG, str(place.ports[0])],
    )
    missing = replace(OURS, name="missing", command=lambda place: ["/no/such/program"])
    absent = replace(OURS, name="absent", find_obstacle=lambda version: "no program was named")
    rows, _ = run(brief, tmp_path, dying, wrong, missing, absent)
    states = {row.name: (row.state, row.reason or "") for row in rows}
    assert states["dying"][0] == states["wrong"][0] == "failed"
    assert states["missing"][0] == "failed"
    assert "/no/such/program (No such file or directory)" in states["missing"][1]
    assert "no such model" in states["dying"][1]
    assert "evaluation" in states["wrong"][1]
    assert states["absent"] == ("not available", "no program was named")


def test_a_server_that_cannot_be_installed(
    brief: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "impossible"
    folder.mkdir()
    (folder / "requirements.txt").write_text("flask==3.1.3 --hash=sha256:" + 64 * "0" + "\n")
    impossible = replace(SERVERS["flask"], name=str(folder), folder="flask")
    (row,), _ = run(brief, tmp_path / "output", impossible)
    assert row.state == "not installed"
    assert row.reason


SCRIPT = """
import sys
from pathlib import Path
from viewfinder.cli.main import main
main(["compare", *sys.argv[1:]])
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(version: Path, tmp_path: Path, number: signal.Signals) -> None:
    """In a working directory with modules that end whoever imports them."""
    command = [
        *(sys.executable, "-P", "-c", SCRIPT, str(version), "--servers", "viewfinder"),
        *("--seconds", "60", "--output", str(tmp_path / "output")),
    ]
    work = write_foreign_modules(tmp_path / "work")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=work) as process:
        assert process.stderr
        children: list[psutil.Process] = []
        for line in process.stderr:
            if "warming up" in line:
                children = psutil.Process(process.pid).children(recursive=True)
                process.send_signal(number)
                break
        rest = process.stderr.read()
    assert "continues" in rest
    assert process.returncode == 130
    assert children
    assert not [child for child in children if is_running(child)]


@pytest.fixture(autouse=True)
def nothing_is_left_running() -> Iterator[None]:
    """Fail if a test leaves a process; other modules' fixtures may have some in this process."""
    before = find_running_children()
    yield
    left = find_running_children() - before
    assert [child.cmdline() for child in left] == []


def find_running_children() -> set[psutil.Process]:
    """This process's descendants that have not ended."""
    return {child for child in psutil.Process().children(recursive=True) if is_running(child)}


def is_running(process: psutil.Process) -> bool:
    """Whether it has not ended; the entry of one that has can stay until its parent looks."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
