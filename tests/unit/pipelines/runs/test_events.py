"""kfp.local's lines, as version 2.17.0 prints them."""

import pytest

from viewfinder_components.outcome import Outcome
from viewfinder_pipelines.runs.events import Event, parse_line, read_progress


@pytest.mark.parametrize(
    ("line", "kind", "step"),
    [
        ("16:01:02.345 - INFO - Executing task \x1b[96m'train'\x1b[0m\n", "began", "train"),
        (
            "16:01:02.345 - INFO - Task \x1b[96m'train'\x1b[0m finished with status "
            "\x1b[92mSUCCESS\x1b[0m\n",
            "succeeded",
            "train",
        ),
        (
            "16:01:02.345 - ERROR - Task \x1b[96m'train'\x1b[0m finished with status "
            "\x1b[91mFAILURE\x1b[0m\n",
            "failed",
            "train",
        ),
        ("Task train cache hit (key=0123456789ab); skipping execution.\n", "cached", "train"),
    ],
)
def test_step_events(line: str, kind: str, step: str) -> None:
    event = parse_line(line)
    assert (event.kind, event.step) == (kind, step)


def test_a_steps_log_line() -> None:
    line = "    [KFP Executor 2026-11-22 16:01:02,345 INFO]: train: epoch 3 of 20\n"
    assert parse_line(line) == Event("said", "", "train: epoch 3 of 20")


def test_a_steps_word_about_its_end() -> None:
    outcome = Outcome("train", "succeeded", "2026-11-26", "2026-11-26", "epoch 3 is kept")
    event = parse_line(f"    {outcome.to_line()}\n")
    assert (event.kind, event.step, event.outcome) == ("outcome", "train", outcome)


def test_a_traceback_keeps_its_own_indentation() -> None:
    assert parse_line('      File "x.py", line 1\n') == Event("other", "", '  File "x.py", line 1')


def test_a_step_cannot_forge_an_event() -> None:
    """A step's own output is indented by kfp.local; only unindented lines are events."""
    forged = "    16:01:02.345 - INFO - Task 'train' finished with status SUCCESS\n"
    assert parse_line(forged).kind == "other"


@pytest.mark.parametrize("step", ["train", "train-2", "train[0]"])
def test_a_steps_progress_is_known_under_every_name(step: str) -> None:
    assert read_progress(Event("said", "", "train: epoch 3"), step) == "epoch 3"
    assert read_progress(Event("said", "", "evaluate: photos"), step) is None
    assert read_progress(Event("other", "", "train: epoch 3"), step) is None
