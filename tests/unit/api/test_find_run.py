"""A run on Kubeflow, found by its id or by the beginning of it, and what may be done to it then."""

from pathlib import Path

import pytest

import viewfinder
from viewfinder_pipelines.runs.record import LOCAL, RunResult

HOST = "http://127.0.0.1:9"
FIRST, SECOND = "ab120000-0000-4000-8000-000000000001", "ab340000-0000-4000-8000-000000000002"
OURS = "20260101-000000-ab12"


@pytest.fixture
def kubeflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> viewfinder.KubeflowPipelines:
    monkeypatch.setenv("VIEWFINDER_HOME", str(tmp_path))
    for run_id, where in ((FIRST, HOST), (SECOND, HOST), (OURS, LOCAL)):
        folder = tmp_path / "runs" / run_id
        folder.mkdir(parents=True)
        RunResult(run_id, where, "running", "2026-01-01T00:00:00+00:00", 1.0, {}).save(folder)
    return viewfinder.KubeflowPipelines(host=HOST)


def test_a_beginning_is_for_reading_only(kubeflow: viewfinder.KubeflowPipelines) -> None:
    run = kubeflow.find_run("ab12")
    assert run.run_id == FIRST
    with pytest.raises(viewfinder.UsageError) as caught:
        run.terminate()
    assert str(caught.value) == (
        "expected a run's whole id, because a run that was terminated cannot go on, received "
        f"'ab12', with which {FIRST} begins; if that is the run, write "
        f'find_run("{FIRST}").terminate()'
    )


def test_a_beginning_of_several_names_them(kubeflow: viewfinder.KubeflowPipelines) -> None:
    with pytest.raises(viewfinder.PermanentError, match=f"which matches 2: {SECOND}, {FIRST}"):
        kubeflow.find_run("ab")


@pytest.mark.parametrize("run_id", [FIRST, "cd560000-0000-4000-8000-000000000003"])
def test_a_whole_id_is_taken_as_it_is(kubeflow: viewfinder.KubeflowPipelines, run_id: str) -> None:
    with pytest.raises(viewfinder.TransientError, match="Kubeflow Pipelines to answer"):
        kubeflow.find_run(run_id).terminate()


@pytest.mark.parametrize("run_id", [OURS, "2026"])
def test_a_run_of_this_machine(kubeflow: viewfinder.KubeflowPipelines, run_id: str) -> None:
    with pytest.raises(viewfinder.PermanentError, match=f"{OURS}, a run of this machine"):
        kubeflow.find_run(run_id)
