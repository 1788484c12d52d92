import dataclasses
import json
import os
from pathlib import Path

import jsonschema
import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.run_reason import RunReason
from viewfinder_pipelines.local.runner import list_runs, load_run
from viewfinder_pipelines.runs.lock import held_run
from viewfinder_pipelines.runs.record import ArtifactRecord, RunError, RunResult, StepResult
from viewfinder_pipelines.settings.environment import Settings

SCHEMA = Path(__file__).parents[4] / "docs" / "run-record.schema.json"


@pytest.fixture
def result() -> RunResult:
    model = ArtifactRecord("/runs/r/model", "system.Model", {"seconds": {"fit": 1.5}})
    step = StepResult("train", "succeeded", 2.5, {"fit": 1.5}, "done", {"model": model}, {"n": 1})
    return RunResult(
        run_id="r",
        where="local",
        state="failed",
        started="2026-11-22T16:00:00+00:00",
        seconds=3.0,
        parameters={"data": "photos", "epochs": 3},
        steps=(step,),
        metrics={"accuracy": 0.9},
        decision="accepted",
        version={"number": 1, "uri": "file:///models/m/1"},
        report="/runs/r/report.html",
        error=RunError("check", "expected a, received b; do c", False, ("line",)),
        reason=RunReason("alert", alert="ViewfinderDrift", value="0.3", limit="0.1"),
    )


def test_a_record_comes_back_as_it_was(tmp_path: Path, result: RunResult) -> None:
    result.save(tmp_path)
    assert RunResult.load(tmp_path) == result


def test_a_record_keeps_the_documented_schema(tmp_path: Path, result: RunResult) -> None:
    result.save(tmp_path)
    record = json.loads((tmp_path / "run.json").read_text())
    schema = json.loads(SCHEMA.read_text())
    jsonschema.validate(record, schema)
    assert set(schema["properties"]) == set(record)


def test_a_dead_runners_run_is_interrupted(tmp_path: Path, result: RunResult) -> None:
    """Even where its process id is another process's by now, as in a container that restarts."""
    with held_run(tmp_path):
        dataclasses.replace(result, state="running", process=os.getpid()).save(tmp_path)
    assert RunResult.load(tmp_path).state == "interrupted"


def test_a_living_runners_run_is_running(tmp_path: Path, result: RunResult) -> None:
    with held_run(tmp_path):
        dataclasses.replace(result, state="running", process=os.getpid()).save(tmp_path)
        assert RunResult.load(tmp_path).state == "running"


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "{}", '{"schema_version": 1}', '{"schema_version": 1, "steps": 3}'),
        pytest.param("[" * 200_000, id="nested too deep for the parser"),
    ],
)
def test_a_damaged_record(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(PermanentError, match="a damaged one"):
        RunResult.load(tmp_path)


def test_one_damaged_record_does_not_hide_the_others(
    tmp_path: Path, result: RunResult, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(home=tmp_path)
    for name in ("bad", "r"):
        (settings.runs / name).mkdir(parents=True)
    (settings.runs / "bad" / "run.json").write_text("{")
    result.save(settings.runs / "r")
    assert list_runs(settings) == [result]
    assert "omitting bad" in caplog.text


@pytest.mark.parametrize("name", ["unknown", "x" * 300, "a\0b", "file"])
def test_no_record(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PermanentError, match="received nothing; list the runs"):
        load_run(name, Settings(home=tmp_path))
    with pytest.raises(PermanentError, match="received nothing; list the runs"):
        RunResult.load(tmp_path / name)


def test_a_folder_in_place_of_a_record(tmp_path: Path) -> None:
    (tmp_path / "run.json").mkdir()
    with pytest.raises(PermanentError, match=r"a damaged one \(Is a directory\)"):
        RunResult.load(tmp_path)


def test_runs_that_cannot_be_read_are_not_no_runs(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    settings.runs.symlink_to(settings.runs)  # refused to every user; a permission is not, to root
    for read in (lambda: list_runs(settings), lambda: load_run("2026", settings)):
        with pytest.raises(PermanentError) as caught:
            read()
        assert str(caught.value) == (
            f"expected a folder of runs that can be read, {settings.runs}, received Too many "
            "levels of symbolic links; correct it, or name another with VIEWFINDER_HOME, or home "
            "in Python"
        )


def test_a_record_that_cannot_be_reached_is_mentioned(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(home=tmp_path)
    settings.runs.mkdir()
    (settings.runs / "r").symlink_to(settings.runs / "r")
    assert list_runs(settings) == []
    assert "omitting r: expected a run's record in" in caplog.text


def test_a_record_of_another_schema(tmp_path: Path, result: RunResult) -> None:
    dataclasses.replace(result, schema_version=99).save(tmp_path)
    with pytest.raises(PermanentError, match="schema version 1"):
        RunResult.load(tmp_path)


@pytest.mark.parametrize("field", ["gaps", "steps", "error"])
def test_a_record_with_fields_of_another_release(
    tmp_path: Path, result: RunResult, field: str
) -> None:
    result.save(tmp_path)
    path = tmp_path / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), field: [{"surprise": 1}]}))
    with pytest.raises(PermanentError, match="fields from another release"):
        RunResult.load(tmp_path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("run_id", None),
        ("state", "weird"),
        ("started", 5),
        ("seconds", "long"),
        ("seconds", True),
        ("parameters", []),
        ("metrics", None),
        ("metrics", {"accuracy": "good"}),
        ("version", 1),
        ("version", {}),
        ("version", {"number": 1, "uri": ["models"]}),
        ("version", {"number": "1", "uri": "models"}),
        ("error", "it failed"),
        ("process", 1.5),
    ],
)
def test_a_record_with_values_of_other_types(
    tmp_path: Path, result: RunResult, field: str, value: object
) -> None:
    result.save(tmp_path)
    path = tmp_path / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    with pytest.raises(PermanentError, match="a damaged one"):
        RunResult.load(tmp_path)


@pytest.mark.parametrize("value", [{"state": "weird"}, {"seconds": "x"}, {"summary": 5}])
def test_a_record_with_a_step_of_other_types(
    tmp_path: Path, result: RunResult, value: dict[str, object]
) -> None:
    result.save(tmp_path)
    path = tmp_path / "run.json"
    record = json.loads(path.read_text())
    record["steps"][0].update(value)
    path.write_text(json.dumps(record))
    with pytest.raises(PermanentError, match="a damaged one"):
        RunResult.load(tmp_path)
