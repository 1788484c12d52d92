"""What the page of a run tells to type."""

import shlex
from pathlib import Path

import pytest

from viewfinder_pipelines.runs.record import RunResult
from viewfinder_pipelines.runs.report import describe_run, list_commands


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
