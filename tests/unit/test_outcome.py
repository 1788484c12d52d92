"""How a step's end is told, and read again from wherever it was told."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from viewfinder_components import outcome as outcomes
from viewfinder_components.errors import PermanentError, TransientError
from viewfinder_components.outcome import (
    TERMINATION_LIMIT,
    Outcome,
    find_outcome,
    parse_outcome,
    record_outcome,
    termination_message,
)


@pytest.fixture
def metrics(tmp_path: Path) -> SimpleNamespace:
    return SimpleNamespace(path=str(tmp_path / "metrics"), metadata={})


@pytest.fixture
def message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "termination-log"
    path.touch()
    monkeypatch.setattr(outcomes, "TERMINATION_LOG", path)
    return path


def failed(error: BaseException, metrics: SimpleNamespace) -> None:
    with pytest.raises(type(error)), record_outcome("train", metrics):
        raise error


def test_a_success_is_in_the_log_and_in_the_file(
    metrics: SimpleNamespace, message: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with record_outcome("train", metrics) as outcome:
        outcome.succeed(
            "epoch 3 is kept — naïve",
            {"fit": 2.5},
            {"accuracy": 0.9},
            parameters={"Output": False},
            metadata={"model": {"backbone": "scratch"}},
        )
    lines = capsys.readouterr().out.splitlines()
    assert not [line for line in lines if line.startswith("{")]  # KFP's API would not show it
    told = find_outcome(lines, "train")
    assert told is not None
    assert told == parse_outcome(Path(metrics.path).read_text())
    assert (told.state, told.summary) == ("succeeded", "epoch 3 is kept — naïve")
    assert (told.seconds, told.metrics) == ({"fit": 2.5}, {"accuracy": 0.9})
    assert (told.parameters, told.metadata) == (
        {"Output": False},
        {"model": {"backbone": "scratch"}},
    )
    assert told.began <= told.ended
    assert metrics.metadata == {"accuracy": 0.9}
    assert message.read_text() == ""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (PermanentError("a bucket", "none\nat all", "make it"), "permanent"),
        (TransientError("an answer", "silence", "try again"), "transient"),
    ],
)
def test_a_failure_is_in_the_log_and_in_the_pods_status(
    error: Exception,
    kind: str,
    metrics: SimpleNamespace,
    message: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    failed(error, metrics)
    text = message.read_text()
    assert text.startswith(f"{error}\n")
    told = parse_outcome(f"main: Error (exit code 1): {text}")
    assert told is not None
    assert told.failure is not None
    assert told == find_outcome(capsys.readouterr().out.splitlines(), "train")
    assert (told.failure.kind, told.failure.message) == (kind, str(error))
    assert told.failure.remedy == vars(error)["remedy"]
    assert not Path(metrics.path).exists()


@pytest.mark.parametrize("error", [ValueError("shape\nand more"), MemoryError(), SystemExit(2)])
def test_an_exception_that_is_not_ours_becomes_our_sentence(
    error: BaseException, metrics: SimpleNamespace, message: Path
) -> None:
    failed(error, metrics)
    told = parse_outcome(message.read_text())
    assert told is not None
    assert told.failure is not None
    assert told.failure.cause.startswith(type(error).__name__)
    assert "\n" not in told.failure.message


@pytest.mark.parametrize("letter", ["x", "ü", "\n", "😀", '"', "\udc80"])
@pytest.mark.parametrize("length", [1000, 2000, 3900, 60_000])
def test_a_message_is_never_longer_than_kubernetes_keeps(letter: str, length: int) -> None:
    failure = outcomes.describe_exception(
        PermanentError("a name", letter * length, "shorten it; " + letter * (length // 2))
    )
    text = termination_message(
        Outcome("train", "failed", "2026-11-26", "2026-11-26", failure=failure)
    )
    assert len(text) <= TERMINATION_LIMIT
    told = parse_outcome(text.decode())
    assert told is not None
    assert told.failure is not None
    assert told.failure.expected == "a name"
    assert told.failure.message.startswith("expected a name, received ")


def test_a_step_that_tells_nothing_or_no_number_has_failed(
    metrics: SimpleNamespace, message: Path
) -> None:
    with pytest.raises(RuntimeError, match="did not report"), record_outcome("train", metrics):
        pass
    with pytest.raises(ValueError, match="JSON"), record_outcome("train", metrics) as outcome:
        outcome.succeed("done", {}, {"loss": float("nan")})
    told = parse_outcome(message.read_text())
    assert told is not None
    assert told.state == "failed"


def test_no_termination_log_is_made_on_a_laptop(
    metrics: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "TERMINATION_LOG", tmp_path / "none")
    failed(ValueError("no"), metrics)
    assert not (tmp_path / "none").exists()


def test_what_is_no_outcome_is_none() -> None:
    line = Outcome("train", "succeeded", "2026-11-26", "2026-11-26", "done").to_line()
    assert parse_outcome("Refused. expected a bucket") is None
    assert parse_outcome(line[:-5]) is None
    assert parse_outcome(line.replace('"viewfinder_outcome": 1', '"viewfinder_outcome": 2')) is None
    assert parse_outcome(line.replace('"step"', '"pace"')) is None
    for forged in ('"seconds": 5', '"metadata": {"index": 1}', '"began": "now"', '"summary": []'):
        assert parse_outcome(f"photos/{line[:-1]}, {forged}}}/1.jpg") is None
    assert find_outcome(["noise", line, "Killed"], "validate") is None
    last = json.dumps({**json.loads(line), "summary": "again"})
    assert find_outcome([line, f"[KFP Executor INFO]: {last}", "Killed"], "train") == Outcome(
        "train", "succeeded", "2026-11-26", "2026-11-26", "again"
    )
