"""What is printed about a run."""

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

import viewfinder
from viewfinder.cli.spelling import spell_option
from viewfinder.display import (
    advise_resuming,
    describe_step,
    print_result,
)
from viewfinder.run_tables import print_runs, print_steps
from viewfinder_components.formats.label_issues import LabelIssue, write_label_issues
from viewfinder_components.printable import make_printable
from viewfinder_components.spelling import spelled
from viewfinder_pipelines.pipeline.registry import PIPELINES
from viewfinder_pipelines.runs.record import (
    LOCAL,
    ArtifactRecord,
    Gap,
    RunError,
    RunResult,
    RunState,
    StepResult,
    StepState,
)
from viewfinder_pipelines.runs.resuming import write_resuming

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


@pytest.mark.parametrize(
    ("pipeline", "in_python", "as_command"),
    [
        (viewfinder.TRAINING.name, 'viewfinder.resume("a")', "viewfinder run --resume a"),
        (
            viewfinder.BATCH_PREDICTION.name,
            'viewfinder.resume("a", pipeline=viewfinder.BATCH_PREDICTION)',
            'viewfinder.resume("a", pipeline=viewfinder.BATCH_PREDICTION) in Python',
        ),
        (
            "pets",
            'viewfinder.resume("a", pipeline=PIPELINE), where PIPELINE is the definition of pets',
            'viewfinder.resume("a", pipeline=PIPELINE) in Python, where PIPELINE is the definition '
            "of pets",
        ),
    ],
)
def test_each_pipeline_is_resumed_with_its_definition(
    pipeline: str, in_python: str, as_command: str
) -> None:
    result = replace(run("interrupted"), pipeline=pipeline)
    assert advise_resuming(result) == in_python
    with spelled(spell_option):
        assert advise_resuming(result) == as_command


def test_the_definitions_of_this_project_are_named_as_they_are_public() -> None:
    for pipeline in PIPELINES:
        call = write_resuming(replace(run("interrupted"), pipeline=pipeline.name))
        if named := re.search(r"pipeline=viewfinder\.(\w+)", call):
            assert getattr(viewfinder, named[1]) is pipeline
        else:
            assert pipeline is viewfinder.TRAINING


def test_a_run_of_another_pipeline_says_how_it_is_resumed(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "a"
    folder.mkdir(parents=True)
    replace(run("interrupted"), pipeline=viewfinder.BATCH_PREDICTION.name).save(folder)
    with pytest.raises(viewfinder.PermanentError) as caught:
        viewfinder.resume("a", home=tmp_path)
    assert caught.value.remedy == (
        f"write viewfinder.resume(\"a\", pipeline=viewfinder.BATCH_PREDICTION, home='{tmp_path}')"
    )


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


def test_a_reused_step_is_marked_and_shows_what_it_took() -> None:
    step = StepResult("train", "cached", 0.0, summary="epoch 3 was kept", reused_seconds=2.5)
    assert describe_step(step).endswith("2.5 s  reused: epoch 3 was kept")
    assert describe_step(StepResult("train", "cached", 0.0)).split() == [
        "[green]✓[/]", "train", "reused"
    ]  # fmt: skip
    row = printed(run("succeeded", step), steps=True).splitlines()[1]
    assert row.split(maxsplit=3) == ["train", "reused", "2.5", "epoch 3 was kept"]


def test_the_list_of_photos_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIEWFINDER_HOME", str(tmp_path))
    index = ArtifactRecord("s3://bucket/index", "system.Dataset", {})
    found = replace(DONE, artifacts={"index": index})
    headed = "Photos:  every file found, and why some were left out:\n         "
    assert f"{headed}s3://bucket/index/index.parquet\n" in printed(run("succeeded", found))
    assert "Photos:" not in printed(run("failed", FAILED, retryable=False))
    written = tmp_path / "runs" / "a" / "steps" / "0001" / "x" / "validate" / "index"
    written.mkdir(parents=True)
    (written / "index.parquet").touch()
    failed = run("failed", replace(FAILED, name="validate"), retryable=False)
    assert f"{headed}{written}/index.parquet\n" in printed(failed)


def test_the_list_of_labels_is_named_if_there_are_any(tmp_path: Path) -> None:
    evaluation = ArtifactRecord(str(tmp_path), "system.Artifact", {})
    evaluate = StepResult("evaluate", "succeeded", 1.0, artifacts={"evaluation": evaluation})
    done = run("succeeded", evaluate)
    assert "Labels:" not in printed(done)
    write_label_issues(tmp_path, [])
    assert "Labels:" not in printed(done)
    issue = LabelIssue("a.jpg", "0" * 64, "train", "cat", "dog", "label error", 0.9, "")
    write_label_issues(tmp_path, [issue])
    assert f"second look:\n         {tmp_path}/label_issues.csv\n" in printed(done)
    assert "Labels:" not in printed(replace(done, where="http://kubeflow"))


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8"])
def test_a_list_of_labels_that_a_spreadsheet_saved_is_named(tmp_path: Path, encoding: str) -> None:
    evaluation = ArtifactRecord(str(tmp_path), "system.Artifact", {})
    evaluate = StepResult("evaluate", "succeeded", 1.0, artifacts={"evaluation": evaluation})
    (tmp_path / "label_issues.csv").write_text("uri,label\na.jpg,Käse\n", encoding=encoding)
    assert "Labels:" in printed(run("succeeded", evaluate))


def test_a_record_from_elsewhere_does_not_control_the_terminal() -> None:
    name = "a\x1b[2J\u202e[red]"
    step = StepResult(name, "failed", 1.0, summary=name, overhead={name: 1.0})
    result = replace(
        run("failed", step, retryable=False),
        run_id=name,
        decision=name,
        error=RunError(name, name, False, ()),
        gaps=(Gap((name,), name),),
        overhead={name: 1.0},
        endpoint=name,
        page=name,
        report=name,
        version={"number": 1, "uri": name},
        parameters={"model_name": name, "data": name},
    )
    text = printed(result, steps=True)
    assert make_printable(text, lines=True) == text
    assert text.count(r"a\x1b[2J\u202e[red]") >= 8
    file = io.StringIO()
    print_runs(Console(file=file, width=400), [result])
    assert file.getvalue().count(r"a\x1b[2J\u202e[red]") == 3
    assert make_printable(describe_step(step)) == describe_step(step)
