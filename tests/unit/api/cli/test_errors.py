"""How commands end that meet an error: a sentence, never a traceback."""

import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from tests.fixtures.waiting import PATIENCE

from viewfinder.cli.errors import Sentences
from viewfinder.cli.main import main
from viewfinder_pipelines.runs.record import LOCAL, RunResult
from viewfinder_pipelines.settings.environment import Settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VIEWFINDER_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@click.group(cls=Sentences)
def group() -> None:
    pass


@group.command()
@click.argument("kind")
def fail(kind: str) -> None:
    raise {"unforeseen": ValueError("first\nsecond"), "ctrl-c": KeyboardInterrupt()}[kind]


def invoke(command: click.Command, *arguments: str) -> Result:
    result = CliRunner().invoke(command, arguments)
    assert "Traceback" not in result.output
    return result


def test_an_unforeseen_error_leaves_its_traceback_in_a_file(home: Path) -> None:
    result = invoke(group, "fail", "unforeseen")
    assert result.exit_code == 1
    sentence, details = result.output.splitlines()
    assert sentence == "viewfinder fail failed: an unexpected error: ValueError: first"
    log = Path(details.removeprefix("Details: "))
    assert log.parent == home / "logs"
    assert "ValueError: first\nsecond" in log.read_text()


def test_the_traceback_goes_elsewhere_where_the_home_cannot_be_written(
    home: Path, tmp_path: Path
) -> None:
    home.write_text("a file")
    result = invoke(group, "fail", "unforeseen")
    log = Path(result.output.splitlines()[1].removeprefix("Details: "))
    assert log.parent == tmp_path
    assert "ValueError" in log.read_text()


def test_an_interrupted_command(home: Path) -> None:
    result = invoke(group, "fail", "ctrl-c")
    assert (result.exit_code, result.output) == (130, "Interrupted.\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--data", "photos"),
        ("run", "--resume", "x"),
        ("show", "x"),
        ("serve", "x"),
        ("versions", "x"),
        ("prune", "x", "--nothing-served"),
        ("compile", "-o", "home/pipeline.yaml"),
        ("compile", "-o", "home/below/pipeline.yaml"),
        ("doctor", "--settings", "home/below.toml"),
        ("submit", "--settings", "home/below.toml", "--data", "s3://x/y"),
    ],
)
def test_a_file_in_the_place_of_a_folder(home: Path, arguments: tuple[str, ...]) -> None:
    home.write_text("a file")
    Path("photos").mkdir()
    result = invoke(main, *arguments)
    assert result.exit_code == 1
    assert re.search(r"expected .*, received .*; ", result.output, re.DOTALL), result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--data", "photos"),
        ("run", "--resume", "x"),
        ("show",),
        ("serve", "x"),
        ("versions", "x"),
        ("prune", "x", "--nothing-served"),
        ("compile",),
    ],
)
def test_a_working_directory_that_was_deleted(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.delenv("VIEWFINDER_HOME")
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    result = invoke(main, *arguments)
    assert result.exit_code == 1
    assert "expected a working directory, received one that was deleted" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        *(("show",), ("run", "--resume"), ("serve",), ("compare",), ("run", "--data")),
        *(("versions",), ("cost", "--comparison"), ("cost", "--prices"), ("cost", "--load")),
    ],
    ids=" ".join,
)
def test_a_name_that_no_file_can_have(home: Path, arguments: tuple[str, ...]) -> None:
    result = invoke(main, *arguments, "a" * 5000)
    assert result.exit_code in (1, 2)
    assert result.output.startswith("Error: expected ")
    assert "Details" not in result.output
    assert not home.exists()


def test_a_pipeline_is_compiled_into_a_folder_that_is_made(home: Path, tmp_path: Path) -> None:
    result = invoke(main, "compile", "-o", "missing/folder/x.yaml")
    assert (result.exit_code, result.stdout) == (0, "wrote missing/folder/x.yaml\n")
    assert (tmp_path / "missing" / "folder" / "x.yaml").is_file()


def test_a_tilde_where_nobody_knows_the_home_directory(home: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    result = invoke(main, "run", "--data", str(photos), "--set", "weights=~nobody-here/w.h5")
    assert result.exit_code == 1
    assert "expected a file of efficientnet-lite0 weights" in result.output


@pytest.mark.parametrize(("value", "expected"), [("~/v", "v"), ("", "here/.viewfinder")])
def test_the_home_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, expected: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VIEWFINDER_HOME", value)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert Settings().home == tmp_path / expected


@pytest.mark.parametrize("run_id", ["../escaped", "", ".hidden", "a/b", "x" * 101, "ü"])
def test_a_run_id_stays_in_the_home(home: Path, run_id: str) -> None:
    result = invoke(main, "run", "--data", "photos", "--set", f"run_id={run_id}")
    assert result.exit_code == 2
    assert "expected run_id to be at most 100 letters" in result.output
    assert not home.exists()


def test_the_id_of_another_run_is_refused(home: Path) -> None:
    (home / "runs" / "taken").mkdir(parents=True)
    (home / "runs" / "taken" / "run.json").write_text("{}")
    result = invoke(main, "run", "--data", "photos", "--set", "run_id=taken")
    assert "expected a run_id that is not in use, received taken" in result.output


def test_a_reader_that_wants_no_more_is_no_error(home: Path) -> None:
    viewfinder = Path(sys.executable).with_name("viewfinder")
    done = subprocess.run(
        ["sh", "-c", f"'{viewfinder}' show | true"], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert not (home / "logs").exists()


WAIT = """
import sys, time
from viewfinder.cli.interruption import ended_by_signals
try:
    with ended_by_signals():
        print("ready", flush=True)
        while True:  # a signal just before a call to the system is noticed only after it
            time.sleep(0.1)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_every_request_to_end_is_an_interruption(number: int) -> None:
    # A shell's background job ignores SIGINT and hands that on.
    command = ["env", "--default-signal=INT,HUP", sys.executable, "-c", WAIT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.wait(PATIENCE) == 130


@pytest.mark.parametrize("arguments", [["--help"], ["show"], ["show", "r-1"]])
@pytest.mark.parametrize("output", ["/dev/full", ""])
def test_output_that_cannot_be_written(home: Path, arguments: list[str], output: str) -> None:
    run_dir = home / "runs" / "r-1"
    run_dir.mkdir(parents=True)
    record = RunResult("r-1", LOCAL, "failed", "2026-01-01T00:00:00+00:00", 1.0, {}, report="/x")
    record.save(run_dir)
    closed = f">{output}" if output else ">&-"
    program = "from viewfinder.cli.main import main; main()"
    command = shlex.join([sys.executable, "-c", program, *arguments])
    done = subprocess.run(  # noqa: S602  (a shell closes it)
        f"exec {command} {closed}", shell=True, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    if output:
        assert "failed: expected space on the disk" in done.stderr
    else:
        assert (done.returncode, done.stderr) == (0, "")
