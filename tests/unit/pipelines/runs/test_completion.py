"""What a run comes to, and how it is told."""

import io
from dataclasses import replace

from rich.console import Console

from viewfinder.display import describe_overhead, describe_step, print_result
from viewfinder_components.errors import TransientError
from viewfinder_components.failures import describe_exception
from viewfinder_components.outcome import Outcome
from viewfinder_pipelines.runs.completion import (
    explain_failure,
    fill_in,
    was_refused,
    with_outputs,
)
from viewfinder_pipelines.runs.outputs import Outputs
from viewfinder_pipelines.runs.record import ArtifactRecord, RunResult, StepResult, interrupt


def a_run(**changes) -> RunResult:
    run = RunResult("r", "http://kubeflow", "succeeded", "2026-11-22T16:00:00+00:00", 100.0, {})
    return replace(run, **changes)


EVALUATED = Outcome(
    "evaluate",
    "succeeded",
    "2026-11-22T16:00:00.000+00:00",
    "2026-11-22T16:00:04.000+00:00",
    summary="Accepted. Accuracy 90%",
    seconds={"score": 3.0},
    metrics={"accuracy": 0.9, "seconds": 3.5},
    parameters={"accepted": True},
    metadata={"evaluation": {"decision": "accepted"}},
)


def evaluated(outcome: Outcome | None) -> StepResult:
    outputs = Outputs({"evaluation": ArtifactRecord("s3://b/evaluation", "system.Artifact", {})})
    return with_outputs(StepResult("evaluate", "succeeded", 5.0), outputs, outcome)


def test_what_the_steps_found_is_the_runs() -> None:
    # kfp.local hands out whole numbers as floats.
    publish = StepResult(
        "publish", "succeeded", 1.0, parameters={"number": 3.0, "uri": "s3://models/fruit/3"}
    )
    deploy = StepResult("deploy", "succeeded", 1.0, parameters={"endpoint": "http://fruit"})
    run = fill_in(a_run(steps=(evaluated(EVALUATED), publish, deploy)))
    assert run.metrics == {"accuracy": 0.9, "seconds": 3.5}
    assert run.decision == "accepted"
    assert run.version == {"number": 3, "uri": "s3://models/fruit/3"}
    assert run.endpoint == "http://fruit"
    assert run.steps[0].phases == {"score": 3.0}
    assert run.steps[0].summary == "Accepted. Accuracy 90%"


def test_the_gates_word_is_a_value_and_never_the_wording_of_a_sentence() -> None:
    refusal = replace(EVALUATED, parameters={"accepted": False})
    assert was_refused(a_run(steps=(evaluated(refusal),)))
    worded = replace(EVALUATED, summary="Refused. Or is it?")
    assert not was_refused(a_run(steps=(evaluated(worded),)))


def test_the_cause_of_a_failure_is_the_steps_own_word() -> None:
    failure = describe_exception(TransientError("a", "b", "wait\n  and a second line"))
    outcome = Outcome("publish", "failed", "2026-11-26", "2026-11-26", failure=failure)
    tail = ["publish: copying", "PermanentError: expected a trap"]
    error = explain_failure("publish", outcome, tail)
    assert error.message == "expected a, received b; wait\n  and a second line"
    assert error.retryable
    assert error.log_tail == tuple(tail)


def test_of_a_step_that_told_nothing_the_last_line_is_all_there_is() -> None:
    error = explain_failure("train", None, ["loading", "Killed", ""])
    assert (error.message, error.retryable) == ("Killed", False)
    assert explain_failure(None, None, []).message == "no output"


def test_running_steps_of_an_ended_run_were_interrupted() -> None:
    steps = (StepResult("a", "succeeded", 1.0), StepResult("b", "running", 1.0))
    assert [step.state for step in interrupt(steps)] == ["succeeded", "interrupted"]


def test_the_clusters_share_is_told_the_largest_part_first() -> None:
    run = a_run(overhead={"driver": 20.0, "between": 30.0, "start": 10.0})
    assert describe_overhead(run) == (
        "Cluster: 60 s of 100 s (60%): between steps 30 s, drivers 20 s, pods starting 10 s"
    )


def test_a_step_that_was_tried_again_says_so() -> None:
    step = StepResult("train", "succeeded", 9.0, summary="90%", attempts=2)
    assert describe_step(step).endswith("90% (2 pods)")


def test_only_a_run_of_this_machine_can_be_resumed_here() -> None:
    def told(run: RunResult) -> str:
        console = Console(file=io.StringIO(), width=200)
        print_result(console, run)
        return console.file.getvalue()  # type: ignore[attr-defined]

    interrupted = a_run(state="interrupted")
    assert "viewfinder.resume" not in told(interrupted)
    assert "viewfinder.resume" in told(replace(interrupted, where="local"))
    assert "Serving: http://fruit" in told(a_run(endpoint="http://fruit"))
