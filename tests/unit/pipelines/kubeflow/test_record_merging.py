"""A better reading replaces a poorer one, and never the other way round."""

from dataclasses import replace

import pytest

from viewfinder_pipelines.kubeflow.record_merging import merge_readings
from viewfinder_pipelines.runs.record import Gap, RunError, RunResult, StepResult, StepState

GAP = Gap(("evaluate",), "expected its word, received HTTP 404; set KFP_UI_HOST")
WHOLE = RunResult(
    run_id="r",
    where="http://api",
    state="refused",
    started="2026-11-26T02:00:00+00:00",
    seconds=100.0,
    parameters={},
    steps=(
        StepResult("validate", "succeeded", 10.0, summary="150 photos"),
        StepResult(
            "evaluate",
            "succeeded",
            20.0,
            summary="Accuracy 42%",
            metrics={"accuracy": 0.42},
            parameters={"accepted": False},
            overhead={"start": 5.0},
        ),
    ),
    page="http://ui/#/runs/details/r",
)
POOR = replace(
    WHOLE,
    where="http://other",
    state="succeeded",
    steps=(WHOLE.steps[0], StepResult("evaluate", "succeeded", 20.0)),
    gaps=(GAP,),
    page=None,
)


def test_a_poorer_reading_takes_nothing_away() -> None:
    merged = merge_readings(WHOLE, POOR)
    assert merged.steps == WHOLE.steps
    assert (merged.state, merged.metrics, merged.gaps) == ("refused", {"accuracy": 0.42}, ())
    assert merged.page == WHOLE.page
    assert merged.overhead == {"start": 5.0, "between": 70.0}


def test_a_better_reading_mends_a_poor_one() -> None:
    merged = merge_readings(POOR, replace(WHOLE, state="succeeded"))
    assert merged.steps == WHOLE.steps
    assert (merged.state, merged.gaps) == ("refused", ())


def test_a_step_that_was_still_running_before_mends_nothing() -> None:
    running = replace(WHOLE.steps[1], state="running", metrics={}, parameters={})
    before = replace(WHOLE, state="running", steps=(WHOLE.steps[0], running))
    assert merge_readings(before, POOR).gaps == (GAP,)


@pytest.mark.parametrize("state", ["succeeded", "cached"])
def test_a_step_that_had_told_nothing_while_the_run_went_on_mends_nothing(state: StepState) -> None:
    """A cached step is read at the end, and a log may still come: neither is a gap until then."""
    silent = StepResult("evaluate", state, 20.0)
    before = replace(WHOLE, state="running", steps=(WHOLE.steps[0], silent))
    now = replace(POOR, steps=before.steps)
    assert merge_readings(before, now).gaps == (GAP,)


def test_what_neither_could_read_is_still_said() -> None:
    assert merge_readings(POOR, POOR).gaps == (GAP,)


def test_the_cause_of_a_failure_stays_known() -> None:
    error = RunError("evaluate", "expected a, received b; do c", False, ("a line",))
    steps = (WHOLE.steps[0], StepResult("evaluate", "failed", 20.0))
    before = replace(WHOLE, state="failed", steps=steps, error=error)
    unread = RunError("evaluate", "pod evaluate-1: Error (exit code 1)", False, ())
    merged = merge_readings(before, replace(before, error=unread, gaps=(GAP,)))
    assert merged.error == error


def test_why_a_pod_waited_stays_known_when_the_run_was_ended() -> None:
    waiting = StepResult("validate", "running", 60.0, waiting="expected the image, received none")
    before = replace(WHOLE, state="running", steps=(waiting,))
    ended = replace(WHOLE, state="interrupted", steps=(StepResult("validate", "failed", 61.0),))
    merged = merge_readings(before, ended)
    assert merged.state == "interrupted"
    assert merged.steps[0].waiting == waiting.waiting


def test_a_run_that_was_ended_for_a_pod_that_did_not_start_stays_failed() -> None:
    error = RunError("validate", "expected the image (the run was ended)", False, ())
    before = replace(WHOLE, state="failed", error=error)
    assert merge_readings(before, replace(WHOLE, state="interrupted")).error == error
