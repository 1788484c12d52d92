"""How a run is followed in a notebook: a kernel's own display machinery, without a browser."""

from dataclasses import replace
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from viewfinder.notebook_display import NotebookDisplay
from viewfinder_pipelines.runs.events import Event
from viewfinder_pipelines.runs.record import LOCAL, RunResult, StepResult

RUNNING = RunResult("r-1", LOCAL, "running", "2026-01-01T00:00:00+00:00", 0.0, {})
TRAIN = StepResult("train", "running", 0.0)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the kernel would send to the browser, in order."""
    sent: list[dict[str, Any]] = []
    shell = InteractiveShell.instance()
    publish = lambda **message: sent.append(message)  # noqa: E731
    monkeypatch.setattr(shell.display_pub, "publish", publish)
    yield sent
    InteractiveShell.clear_instance()


def test_one_card_is_kept_up_to_date(shown: list[dict[str, Any]]) -> None:
    display = NotebookDisplay()
    display(Event("other", "", "preparing"), RUNNING)
    assert shown == []
    result = replace(RUNNING, steps=(TRAIN,))
    display(Event("began", "train", ""), result)
    display(Event("said", "", "another library: hello"), result)
    display.draw(replace(result, state="failed"))
    assert [bool(message.get("update")) for message in shown] == [False, True]
    assert len({message["transient"]["display_id"] for message in shown}) == 1
    assert "running" in shown[0]["data"]["text/html"]
    assert "failed" in shown[1]["data"]["text/html"]
    assert shown[1]["data"]["text/plain"] == "RunResult('r-1', 'failed')"


def test_progress_is_drawn_twice_a_second_at_most(
    shown: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    display = NotebookDisplay()
    result = replace(RUNNING, steps=(TRAIN,))
    for number in range(10):
        now[0] += 0.2
        display(Event("said", "", f"train: epoch {number}"), result)
    drawn = [message["data"]["text/html"].partition("epoch ")[2][0] for message in shown]
    assert drawn == ["0", "3", "6", "9"]
    display(
        Event("succeeded", "train", ""),
        replace(RUNNING, steps=(replace(TRAIN, state="succeeded"),)),
    )
    assert "epoch" not in shown[-1]["data"]["text/html"]
