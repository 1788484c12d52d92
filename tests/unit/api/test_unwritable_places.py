"""A home, or a file's place, that cannot be written is named, whoever needs it first."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

import viewfinder
from viewfinder_components.errors import PermanentError
from viewfinder_components.parameters import configuration
from viewfinder_components.writing import writing
from viewfinder_pipelines.kubeflow import runner
from viewfinder_pipelines.local.runner import RunPlan, run_pipeline
from viewfinder_pipelines.runs.files import room_for_the_record
from viewfinder_pipelines.runs.lock import held_run
from viewfinder_pipelines.runs.record import LOCAL, RunResult
from viewfinder_pipelines.settings.environment import Settings


@configuration
class _Own:
    rounds: int = 1


OWN = viewfinder.PipelineDefinition("own", "", "own:own", steps=(), own=(_Own,))


@pytest.fixture(params=["file", "file/below", "/proc", "/proc/below"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    (tmp_path / "file").touch()
    return tmp_path / str(request.param)


@pytest.mark.parametrize("pipeline", [OWN, viewfinder.TRAINING])
def test_a_run(pipeline: viewfinder.PipelineDefinition, home: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    data = None if pipeline is OWN else tmp_path / "photos"
    with pytest.raises(viewfinder.PermanentError) as caught:
        viewfinder.run(data, pipeline=pipeline, home=home)
    expected = f"a folder for runs and models at {home} that can be created or written to"
    assert caught.value.expected == expected
    assert "VIEWFINDER_HOME, or home in Python" in caught.value.remedy


def test_nothing_is_listed_in_such_a_home(home: Path) -> None:
    assert viewfinder.list_runs(home=home) == []


def test_a_run_that_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_dir = tmp_path / "runs" / "r"
    run_dir.mkdir(parents=True)
    RunResult("r", LOCAL, "failed", "2026-01-01T00:00:00+00:00", 1.0, {}).save(run_dir)

    def refuse(**_: object) -> None:
        raise OSError(30, "Read-only file system", str(run_dir / "x"))

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(viewfinder.PermanentError, match=f"runs and models .*{run_dir}"):
        viewfinder.resume("r", pipeline=OWN, home=tmp_path)


@pytest.mark.parametrize("hold", [held_run, room_for_the_record])
def test_a_folder_that_was_lost_before_the_run(hold, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "file").touch()
    with pytest.raises(PermanentError, match="a folder for runs"), hold(tmp_path / "file"):
        pass


@pytest.mark.parametrize("name", ["file/own.yaml", "file/below/own.yaml", "/proc/own.yaml"])
def test_a_compiled_pipeline(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / name
    with pytest.raises(viewfinder.PermanentError) as caught:
        viewfinder.compile_pipeline(path, pipeline=viewfinder.DEPLOYMENT)
    assert f"at {path.parent}" in str(caught.value)
    assert "name another path" in str(caught.value)


def test_a_folder_in_the_place_of_the_compiled_pipeline(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").mkdir()
    with pytest.raises(
        viewfinder.PermanentError, match=f"at {tmp_path}/own.yaml, received a folder"
    ):
        viewfinder.compile_pipeline(tmp_path / "own.yaml", pipeline=viewfinder.DEPLOYMENT)


def test_a_compiled_pipeline_is_replaced_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "earlier.yaml").write_text("whole")
    (tmp_path / "own.yaml").hardlink_to(tmp_path / "earlier.yaml")
    (tmp_path / "link.yaml").symlink_to("own.yaml")
    viewfinder.compile_pipeline(tmp_path / "link.yaml", pipeline=viewfinder.DEPLOYMENT)
    assert (tmp_path / "link.yaml").is_symlink()
    assert "viewfinder-deployment" in (tmp_path / "own.yaml").read_text()
    assert (tmp_path / "earlier.yaml").read_text() == "whole"  # nothing was written into it


_LIMITED = """
import resource, sys
from pathlib import Path
import viewfinder
from viewfinder_components.whole_files import write_text
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
for call in (
    lambda: viewfinder.compile_pipeline("own.yaml"),
    lambda: viewfinder.compile_components("folder"),
):
    try:
        call()
    except viewfinder.ViewfinderError as error:
        print(error.expected)
try:
    write_text(Path("own.yaml"), "x" * 10000)
except OSError:
    print("not written")
"""


def test_files_that_grow_too_large_are_explained_and_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("whole")
    # Without coverage, which could not write its data either.
    environment = {name: one for name, one in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.stdout.splitlines()[:2] == ["files of this size to be allowed"] * 2
    assert done.stdout.splitlines()[-1] == "not written"
    assert (tmp_path / "own.yaml").read_text() == "whole"
    assert not list(tmp_path.glob(".*"))


def test_a_run_whose_folder_the_system_refuses(tmp_path: Path) -> None:
    plan = RunPlan(tmp_path / ("x" * 300), {})
    with pytest.raises(PermanentError, match="a shorter path"):
        run_pipeline(plan, lambda event, result: None)


def test_the_record_of_a_run_on_kubeflow_is_told_although_it_is_not_kept(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    result = RunResult("r", "http://kfp", "running", "2026-01-01T00:00:00+00:00", 1.0, {})
    with caplog.at_level(logging.WARNING):
        assert runner._keep(result, Settings(home)) == result
    assert f"at {home}/runs/r" in caplog.text


def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    with (
        pytest.raises(PermanentError, match=r"space on the disk for runs at .*, or name another$"),
        writing(tmp_path, "runs", "name another"),
    ):
        raise OSError(28, "No space left on device", str(tmp_path))


def test_a_network_disk_that_is_away_may_come_back(tmp_path: Path) -> None:
    with pytest.raises(viewfinder.TransientError), writing(tmp_path, "runs", "name another"):
        raise TimeoutError(110, "Connection timed out", str(tmp_path))
