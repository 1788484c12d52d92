"""What is said of a run while it goes on."""

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console
from tests.unit.pipelines.kubeflow.test_result import DATA, answer
from tests.unit.pipelines.played_kubeflow import API_HEALTH, PlayedKubeflow

from viewfinder.display import RunDisplay
from viewfinder_pipelines.kubeflow.following import Announcer, Patience, follow_run
from viewfinder_pipelines.runs.events import Event
from viewfinder_pipelines.runs.record import RunResult, StepResult

REASON = "Back-off pulling image registry.example/steps:1"
STUCK = RunResult(
    run_id="run",
    where="http://kubeflow",
    state="running",
    started="2026-01-01T00:00:00+00:00",
    seconds=1.0,
    parameters={},
    steps=(StepResult("validate", "running", 1.0, summary=REASON),),
)


@pytest.mark.parametrize(("seconds", "times"), [(60.0, 1), (0.0, 3)])
def test_what_a_step_keeps_saying_is_told_again_after_a_while(seconds: float, times: int) -> None:
    events: list[Event] = []
    announcer = Announcer(lambda event, _: events.append(event), seconds)
    for _ in range(3):
        announcer.tell(STUCK)
    assert [event.text for event in events if event.kind == "said"] == [
        f"validate: {REASON}"
    ] * times


@pytest.mark.parametrize(("seconds", "said"), [(60.0, False), (0.0, True)])
def test_a_log_says_what_is_going_on_when_it_was_silent(seconds: float, said: bool) -> None:
    log = io.StringIO()
    display = RunDisplay(Console(file=log), seconds)
    display(Event("said", "validate", f"validate: {REASON}"), STUCK)
    assert (REASON in log.getvalue()) is said


WAITING = StepResult("validate", "running", 1.0, waiting=f"expected an image, received {REASON}")
WAITS = replace(STUCK, steps=(WAITING,))


def test_why_a_pod_waits_is_told_at_once_and_once() -> None:
    log = io.StringIO()
    announcer = Announcer(RunDisplay(Console(file=log, width=200)))
    announcer.tell(WAITS)
    reworded = replace(WAITING, waiting=f"{WAITING.waiting}, port 53400")
    announcer.tell(replace(STUCK, steps=(reworded,)))
    announcer.tell(WAITS)
    assert log.getvalue().count(REASON) == 1
    assert "validate waits: expected an image" in log.getvalue()


def test_a_run_is_ended_when_a_pod_has_waited_for_too_long() -> None:
    patience = Patience(-1.0)
    assert patience.find_overdue(STUCK) is None
    patience.given_up = patience.find_overdue(WAITS)
    assert patience.given_up == WAITING
    assert patience.find_overdue(WAITS) is None
    ended = replace(STUCK, state="interrupted", steps=(replace(WAITING, waiting=""),))
    judged = patience.judge(ended)
    assert judged.state == "failed"
    assert judged.error.message.startswith("expected an image")
    assert judged.steps[0].waiting == WAITING.waiting


def test_a_pod_that_started_after_all_is_forgiven() -> None:
    patience = Patience(3600.0)
    assert patience.find_overdue(WAITS) is None
    assert patience.find_overdue(STUCK) is None
    assert patience.judge(STUCK) == STUCK


def test_a_record_keeps_what_a_pod_waited_for_when_its_run_was_ended(
    kubeflow: PlayedKubeflow,
) -> None:
    """Once the run has ended, Kubeflow Pipelines tells it no longer."""
    ended = json.loads((DATA / "workflow-flat-overdue.json").read_text())
    waiting = json.loads((DATA / "workflow-flat-overdue.json").read_text())
    for node in waiting["status"]["nodes"].values():
        if node["name"].endswith(".executor(0)"):
            node.update(phase="Pending", message="ErrImagePull: no such image", finishedAt=None)
        elif node["phase"] == "Failed":
            node.update(phase="Running", message="", finishedAt=None)
    answer(kubeflow, waiting, "RUNNING")

    def end(event: Event, _: RunResult) -> None:
        if event.kind == "waits":
            answer(kubeflow, {**ended, "spec": {"activeDeadlineSeconds": 90}}, "FAILED")

    result = follow_run(kubeflow.connect(API_HEALTH), "r", end, 600.0)
    (validate,) = result.steps
    assert (result.state, validate.state) == ("failed", "failed")
    assert "ErrImagePull: no such image" in validate.waiting


def test_a_run_that_was_faster_than_its_end_has_not_failed() -> None:
    patience = Patience(-1.0)
    patience.given_up = patience.find_overdue(WAITS)
    succeeded = replace(STUCK, state="succeeded")
    assert patience.judge(succeeded) == succeeded
