"""What a receiver knows after a restart."""

import json
from pathlib import Path

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_pipelines.retraining.state import ModelState, Start, State, StateFolder


def make_state() -> State:
    last = Start("fruit-1", "{}", 1.5, ("a@1",), "id", "refused")
    return State({"fruit": ModelState(last, ("a@1",), "f" * 64, 2.0, "fruit-0", 1.0)})


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    assert folder.load() == State()
    folder.save(make_state())
    assert folder.load() == make_state()


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", '{"version": 2}', '{"models": {"fruit": 3}}', '{"unknown": 1}'),
        pytest.param("[" * 200_000, id="nested too deep for the parser"),
    ],
)
def test_a_damaged_state_is_not_taken_for_an_empty_one(tmp_path: Path, text: str) -> None:
    """Otherwise every alert that fires would start a run again."""
    (tmp_path / "retraining.json").write_text(text)
    with pytest.raises(PermanentError, match="delete the file"):
        StateFolder(tmp_path).load()


def test_a_second_receiver_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("viewfinder_pipelines.retraining.state._PATIENCE", 0.0)
    first, second = StateFolder(tmp_path / "s"), StateFolder(tmp_path / "s")
    with (
        first.held(),
        pytest.raises(PermanentError, match="no other receiver uses"),
        second.held(),
    ):
        pass
    with second.held():
        pass


def test_old_alerts_are_forgotten_and_new_ones_are_not() -> None:
    known = ModelState()
    for number in range(50):
        keys = tuple(f"a@{number}-{place}" for place in range(100))
        known = known.with_last(Start("fruit", "{}", float(number), keys))
    assert len(known.keys) == 4000
    assert known.keys[-1] == "a@49-99"


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "banana"},
        {"decided": float("inf")},
        {"decided": float("nan")},
        {"decided": 10**400},
        {"decided": -1},
        {"changed": 1e300},
        {"base_time": float("nan")},
    ],
)
def test_values_that_cannot_be_are_damage(tmp_path: Path, changes: dict[str, object]) -> None:
    folder = StateFolder(tmp_path)
    folder.save(make_state())
    path = tmp_path / "retraining.json"
    state = json.loads(path.read_text())
    known = state["models"]["fruit"]
    (known["last"] if changes.keys() <= known["last"].keys() else known).update(changes)
    path.write_text(json.dumps(state))
    with pytest.raises(PermanentError, match="delete the file"):
        folder.load()


def test_a_full_disk_keeps_the_earlier_state(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    folder.save(make_state())
    (tmp_path / "retraining.json").rename(tmp_path / "kept")
    (tmp_path / "retraining.json").mkdir()  # cannot be replaced by a file
    with pytest.raises(PermanentError, match="name another with state"):
        folder.save(State())
    assert json.loads((tmp_path / "kept").read_text())["version"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "retraining.json"]
