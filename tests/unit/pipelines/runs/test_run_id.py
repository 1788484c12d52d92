"""A run may be named by the beginning of its id."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from viewfinder.cli.main import main
from viewfinder_components.errors import PermanentError
from viewfinder_pipelines.runs.record import LOCAL, RunResult
from viewfinder_pipelines.runs.run_id import complete_run_id

RUNS = ("20260101-000000-aaaa", "20260101-000000-ab12", "20260102-000000-aaaa", "2026")


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VIEWFINDER_HOME", str(tmp_path))
    for run_id in RUNS:
        folder = tmp_path / "runs" / run_id
        folder.mkdir(parents=True)
        RunResult(run_id, LOCAL, "succeeded", "2026-01-01T00:00:00+00:00", 1.0, {}).save(folder)
    return tmp_path / "runs"


@pytest.mark.parametrize(
    ("given", "run_id"),
    [
        ("20260102", "20260102-000000-aaaa"),
        ("20260101-000000-ab", "20260101-000000-ab12"),
        ("2026", "2026"),  # a whole id, although others begin so
        ("1999", "1999"),
    ],
)
def test_a_beginning_that_is_one_runs_stands_for_it(runs: Path, given: str, run_id: str) -> None:
    assert complete_run_id(runs, given) == run_id


def test_a_beginning_of_several_is_refused_and_they_are_named(runs: Path) -> None:
    with pytest.raises(PermanentError) as caught:
        complete_run_id(runs, "20260101")
    assert str(caught.value) == (
        "expected the beginning of one run's ID, received 20260101, which matches 2: "
        "20260101-000000-ab12, 20260101-000000-aaaa; write more of the ID"
    )


@pytest.mark.parametrize("command", [("show",), ("run", "--resume")])
def test_commands_take_a_beginning(runs: Path, command: tuple[str, ...]) -> None:
    done = CliRunner().invoke(main, [*command, "20260102"])
    assert "20260102-000000-aaaa" in done.output, done.output
    assert done.exit_code == 0
    for more in (command, ("follow",)):
        ambiguous = CliRunner().invoke(main, [*more, "202601"])
        assert ambiguous.exit_code == 1
        assert "which matches 3: 20260102-000000-aaaa, " in ambiguous.stderr
