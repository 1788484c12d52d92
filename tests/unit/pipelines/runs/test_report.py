"""What the page of a run tells to type."""

import shlex
from pathlib import Path

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.evaluation import write_evaluation
from viewfinder_pipelines.runs.record import ArtifactRecord, RunResult, StepResult
from viewfinder_pipelines.runs.report import describe_run, list_commands, write_report


def test_a_uri_is_one_word_for_the_shell() -> None:
    uri = "file:///my models/it's $HOME/fruit/1"
    assert shlex.split(list_commands(uri)[0]) == ["viewfinder", "serve", uri]


def test_resuming_names_another_home_and_says_what_a_placeholder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = RunResult("r", "local", "interrupted", "2026-01-01T00:00:00+00:00", 1.0, {})
    own = RunResult(**{**vars(result), "pipeline": "own"})
    run_dir = tmp_path / "runs" / "r"
    told = describe_run(own, run_dir)
    assert told["resuming"] == f'viewfinder.resume("r", pipeline=PIPELINE, home={str(tmp_path)!r})'
    assert told["hint"].endswith(", where PIPELINE is the definition of own")
    monkeypatch.setenv("VIEWFINDER_HOME", str(tmp_path))
    assert "home=" not in describe_run(own, run_dir)["resuming"]


def make_result(step: str, artifact: str, place: Path) -> RunResult:
    left = {artifact: ArtifactRecord(str(place), "system.Artifact", {})}
    steps = (StepResult(step, "succeeded", 1.0, artifacts=left),)
    return RunResult("r", "local", "succeeded", "2026-01-01T00:00:00+00:00", 1.0, {}, steps)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"7", b"NaN", b"\xff\xfe", b"[" * 200_000, b"{}", b'{"checks": [7]}'],
)
def test_a_damaged_verdict(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "verdict.json").write_bytes(content)
    with pytest.raises(PermanentError, match=r"verdict\.json.* restore it"):
        describe_run(make_result("check", "verdict", tmp_path), tmp_path / "runs" / "r")


@pytest.mark.parametrize("page", [b"", b"{", b"[]", b"null", b"[" * 200_000, b"{}"])
def test_an_evaluation_that_is_damaged_or_lacks_something(page: bytes, tmp_path: Path) -> None:
    write_evaluation(tmp_path, {"labels": ["a", "b"], "metrics": {}})
    (tmp_path / "page.json").write_bytes(page)
    with pytest.raises(PermanentError):
        write_report(tmp_path, make_result("evaluate", "evaluation", tmp_path))
    (tmp_path / "evaluation.json").write_text('{"labels": ["a"], "schema_version": 1}')
    with pytest.raises(PermanentError):
        write_report(tmp_path, make_result("evaluate", "evaluation", tmp_path))
