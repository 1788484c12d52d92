"""What is printed about a run."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from viewfinder.cli.spelling import spell_option
from viewfinder.display import (
    advise_resuming,
    describe_step,
    print_result,
    print_steps,
)
from viewfinder_components.formats.label_issues import LabelIssue, write_label_issues
from viewfinder_components.spelling import spelled
from viewfinder_pipelines.runs.record import (
    LOCAL,
    ArtifactRecord,
    RunError,
    RunResult,
    RunState,
    StepResult,
    StepState,
)

DONE = StepResult("validate", "succeeded", 1.0)
FAILED = StepResult("train", "failed", 1.0)


def run(
    state: RunState, *steps: StepResult, retryable: bool | None = None, where: str = LOCAL
) -> RunResult:
    error = None if retryable is None else RunError("train", "expected ...", retryable, ())
    return RunResult("a", where, state, "2026-01-01T00:00:00+00:00", 1.0, {}, steps, error=error)


@pytest.mark.parametrize(
    ("result", "advice"),
    [
        (run("succeeded", DONE), ""),
        (run("refused", DONE), ""),
        (run("interrupted"), "RESUME"),
        (run("failed", FAILED, retryable=True), "RESUME"),
        (run("failed", FAILED, retryable=False), ""),
        (
            run("failed", DONE, FAILED, retryable=False),
            "RESUME (once the cause is removed; other parameters need a new run)",
        ),
        (run("failed", DONE, FAILED, retryable=True, where="http://kubeflow"), ""),
    ],
)
def test_resuming_is_offered_where_it_helps(result: RunResult, advice: str) -> None:
    assert advise_resuming(result) == advice.replace("RESUME", 'viewfinder.resume("a")')
    with spelled(spell_option):
        assert advise_resuming(result) == advice.replace("RESUME", "viewfinder run --resume a")


def test_a_run_elsewhere_is_looked_for_there(tmp_path: Path) -> None:
    (tmp_path / "runs" / "a").mkdir(parents=True)
    (tmp_path / "runs" / "a" / "log.txt").touch()
    console = Console(file=io.StringIO(), width=200)
    print_result(console, run("failed", FAILED, retryable=True), tmp_path)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert f"Log:     {tmp_path}/runs/a/log.txt" in text
    assert f"viewfinder.resume(\"a\", home='{tmp_path}')" in text


def printed(result: RunResult, *, steps: bool = False) -> str:
    console = Console(file=io.StringIO(), width=200)
    if steps:
        print_steps(console, result)
    print_result(console, result)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_a_decision_is_told_once() -> None:
    decision = "Refused. Accuracy 50.0% is below the minimum of 90.0%."
    evaluate = StepResult("evaluate", "succeeded", 1.0, summary=decision)
    refused = replace(run("refused", DONE, evaluate), decision=decision)
    assert printed(refused, steps=True).count(decision) == 1
    assert printed(replace(refused, steps=())).count(decision) == 1


@pytest.mark.parametrize("state", ["running", "interrupted"])
def test_a_step_whose_time_nobody_measured_shows_none(state: StepState) -> None:
    step = StepResult("train", state, 0.0)
    assert "0.0" not in describe_step(step) + printed(run("interrupted", step), steps=True)
    assert "2.5 s" in describe_step(replace(step, seconds=2.5))
    assert "0.0 s" in describe_step(replace(step, state="succeeded"))


def test_the_list_of_photos_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIEWFINDER_HOME", str(tmp_path))
    index = ArtifactRecord("s3://bucket/index", "system.Dataset", {})
    found = replace(DONE, artifacts={"index": index})
    assert "Photos:  s3://bucket/index/index.parquet (every file" in printed(
        run("succeeded", found)
    )
    assert "Photos:" not in printed(run("failed", FAILED, retryable=False))
    written = tmp_path / "runs" / "a" / "steps" / "0001" / "x" / "validate" / "index"
    written.mkdir(parents=True)
    (written / "index.parquet").touch()
    failed = run("failed", replace(FAILED, name="validate"), retryable=False)
    assert f"Photos:  {written}/index.parquet (every file" in printed(failed)


def test_the_list_of_labels_is_named_if_there_are_any(tmp_path: Path) -> None:
    evaluation = ArtifactRecord(str(tmp_path), "system.Artifact", {})
    evaluate = StepResult("evaluate", "succeeded", 1.0, artifacts={"evaluation": evaluation})
    done = run("succeeded", evaluate)
    assert "Labels:" not in printed(done)
    write_label_issues(tmp_path, [])
    assert "Labels:" not in printed(done)
    issue = LabelIssue("a.jpg", "0" * 64, "train", "cat", "dog", "label error", 0.9, "")
    write_label_issues(tmp_path, [issue])
    assert f"Labels:  {tmp_path}/label_issues.csv (labels worth" in printed(done)
    assert "Labels:" not in printed(replace(done, where="http://kubeflow"))
