"""What is known of a run while its output comes in."""

from dataclasses import replace

import pytest

from viewfinder_components.failures import Failure
from viewfinder_components.outcome import Outcome
from viewfinder_pipelines.local.follower import Follower
from viewfinder_pipelines.runs.record import LOCAL, RunResult, StepResult

BEGAN = "12:00:00.000 - INFO - Executing task 'train'"
SAID = "    [KFP Executor 2026-01-01 12:00:00,000 INFO]: train: epoch 12 of 100"


def follow(*lines: str) -> Follower:
    follower = Follower(RunResult("a", LOCAL, "running", "2026-01-01T00:00:00+00:00", 0.0, {}))
    for line in lines:
        follower.take(line)
    return follower


@pytest.mark.parametrize(("status", "summary"), [("FAILURE", ""), ("SUCCESS", "epoch 12 of 100")])
def test_how_far_a_step_had_come_is_no_summary_of_its_failure(status: str, summary: str) -> None:
    end = f"12:00:09.000 - INFO - Task 'train' finished with status {status}"
    (step,) = follow(BEGAN, SAID, end).result.steps
    assert step.state == ("failed" if status == "FAILURE" else "succeeded")
    assert step.summary == summary


def test_a_step_that_is_cut_off_has_run_until_then() -> None:
    follower = follow(BEGAN, SAID)
    assert follower.result.steps[-1].seconds == 0.0
    follower.cut_off()
    assert follower.result.steps[-1].seconds > 0.0
    follow().cut_off()  # before any step


def test_a_step_takes_no_less_than_its_phases() -> None:
    """A busy parent may read of its beginning and of its end at the same moment."""
    now = "2026-01-01T00:00:00+00:00"
    outcome = Outcome("train", "succeeded", now, now, "trained", {"read": 2.0, "fit": 40.0})
    end = "12:00:42.000 - INFO - Task 'train' finished with status SUCCESS"
    (step,) = follow(BEGAN, outcome.to_line(), end).result.steps
    assert step.seconds == 42.0


def test_the_iterations_of_a_loop_are_steps_of_their_own() -> None:
    looped = Follower(replace(follow().result), frozenset({"train", "evaluate"}))
    succeeded = "12:00:09.000 - INFO - Task '{}' finished with status SUCCESS"
    for number in range(2):
        looped.take(f"[viewfinder] iteration {number}")
        for step in ("train", "evaluate"):
            looped.take(BEGAN.replace("train", step))
            looped.take(SAID.replace("train", step))
            event = looped.take(succeeded.format(step))
    assert event.step == "evaluate[1]"
    looped.take(BEGAN.replace("train", "export"))
    steps = looped.result.steps
    names = ["train[0]", "evaluate[0]", "train[1]", "evaluate[1]", "export"]
    assert [step.name for step in steps] == names
    assert {step.attempts for step in steps} == {1}
    assert {step.summary for step in steps[:4]} == {"epoch 12 of 100"}


def test_iterations_that_are_cached_count() -> None:
    looped = Follower(follow().result, frozenset({"train"}))
    looped.take("[viewfinder] iteration 0")
    looped.take("Task train cache hit (key=1)")
    looped.take("[viewfinder] iteration 1")
    looped.take(BEGAN)
    assert [step.name for step in looped.result.steps] == ["train[0]", "train[1]"]
    assert [step.state for step in looped.result.steps] == ["cached", "running"]


def test_a_reused_step_says_what_it_took_when_it_ran() -> None:
    earlier = {
        "validate": StepResult("validate", "succeeded", 3.0, summary="20 photos"),
        "train": StepResult("train", "cached", 0.0, reused_seconds=5.0),
    }
    follower = Follower(replace(follow().result, steps=()), frozenset(), earlier)
    for step in ("validate", "train", "export"):
        follower.take(f"Task {step} cache hit (key=1)")
    validate, train, export = follower.result.steps
    assert validate == StepResult(
        "validate", "cached", 0.0, summary="20 photos", reused_seconds=3.0
    )
    assert (train.seconds, train.shown_seconds) == (0.0, 5.0)
    assert export.shown_seconds == 0.0  # nobody knows


@pytest.mark.parametrize("step", ["train-2", "train[0]"])
def test_a_steps_own_report_is_known_under_every_name(step: str) -> None:
    now = "2026-01-01T12:00:09.000+00:00"
    outcome = Outcome("train", "failed", now, now, failure=Failure("permanent", "no photos"))
    looped = frozenset({"train"}) if "[" in step else frozenset()
    follower = Follower(follow().result, looped)
    name = step.removesuffix("[0]")
    follower.take(BEGAN.replace("train", name))
    follower.take(outcome.to_line())
    follower.take(f"12:00:09.000 - INFO - Task '{name}' finished with status FAILURE")
    assert follower.failure is not None
    assert (follower.failure.step, follower.failure.outcome) == (step, outcome)
