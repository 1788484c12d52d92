"""What is known of a run while its output comes in."""

import pytest

from viewfinder_pipelines.local.follower import Follower
from viewfinder_pipelines.runs.record import LOCAL, RunResult

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
