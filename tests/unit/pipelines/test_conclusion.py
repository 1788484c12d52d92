"""What a run comes to, and how it is told."""

import io
from dataclasses import replace

from rich.console import Console

from viewfinder_pipelines.conclusion import (
    explain_failure,
    fill_in,
    interrupt,
    was_refused,
    with_outputs,
)
from viewfinder_pipelines.console import describe_overhead, describe_step, print_result
from viewfinder_pipelines.outputs import Outputs
from viewfinder_pipelines.record import ArtifactRecord, RunResult, StepResult


def a_run(**changes) -> RunResult:
    run = RunResult("r", "http://kubeflow", "succeeded", "2026-11-22T16:00:00+00:00", 100.0, {})
    return replace(run, **changes)


def test_what_the_steps_found_is_the_runs() -> None:
    evaluate = StepResult(
        "evaluate",
        "succeeded",
        1.0,
        artifacts={
            "metrics": ArtifactRecord("", "system.Metrics", {"accuracy": 0.9}),
            "evaluation": ArtifactRecord("", "system.Artifact", {"decision": "accepted"}),
        },
        parameters={"Output": True},
    )
    # kfp.local hands out whole numbers as floats.
    publish = StepResult(
        "publish", "succeeded", 1.0, parameters={"number": 3.0, "uri": "s3://models/fruit/3"}
    )
    deploy = StepResult("deploy", "succeeded", 1.0, parameters={"endpoint": "http://fruit"})
    run = fill_in(a_run(steps=(evaluate, publish, deploy)))
    assert run.metrics == {"accuracy": 0.9}
    assert run.decision == "accepted"
    assert run.version == {"number": 3, "uri": "s3://models/fruit/3"}
    assert run.endpoint == "http://fruit"
    assert not was_refused(run)
    refused = replace(evaluate, parameters={"Output": False})
    assert was_refused(a_run(steps=(refused,)))
    bare = StepResult("evaluate", "succeeded", 1.0, summary="Refused. Accuracy 80 %")
    assert was_refused(a_run(steps=(bare,)))
    assert fill_in(a_run(steps=(bare,))).decision == "Refused. Accuracy 80 %"


def test_where_the_seconds_went_is_not_taken_for_a_metric_called_seconds() -> None:
    artifacts = {
        "metrics": ArtifactRecord("", "system.Metrics", {"seconds": 3.5}),
        "model": ArtifactRecord("", "system.Model", {"seconds": {"fit": 3.0}}),
    }
    step = with_outputs(StepResult("deploy", "succeeded", 4.0), Outputs(artifacts, {}))
    assert step.phases == {"fit": 3.0}


def test_our_error_is_found_in_a_log_and_keeps_its_lines() -> None:
    tail = [
        "Traceback (most recent call last):",
        "viewfinder_components.errors.TransientError: expected a, received b; wait",
        "  and a second line",
    ]
    error = explain_failure("publish", tail)
    assert error.message == "expected a, received b; wait\n  and a second line"
    assert error.retryable
    assert error.log_tail == tuple(tail)


def test_without_an_error_of_ours_the_last_line_is_the_cause() -> None:
    error = explain_failure("train", ["loading", "Killed", ""])
    assert (error.message, error.retryable) == ("Killed", False)
    assert explain_failure(None, []).message == "no output"


def test_running_steps_of_an_ended_run_were_interrupted() -> None:
    steps = (StepResult("a", "succeeded", 1.0), StepResult("b", "running", 1.0))
    assert [step.state for step in interrupt(steps)] == ["succeeded", "interrupted"]


def test_the_clusters_share_is_told_the_largest_part_first() -> None:
    run = a_run(overhead={"driver": 20.0, "between": 30.0, "start": 10.0})
    assert describe_overhead(run) == (
        "Cluster: 60 s of 100 s (60%): between steps 30 s, drivers 20 s, pods starting 10 s"
    )


def test_a_step_that_was_tried_again_says_so() -> None:
    step = StepResult("train", "succeeded", 9.0, summary="90 %", attempts=2)
    assert describe_step(step).endswith("90 % (2 pods)")


def test_only_a_run_of_this_machine_can_be_resumed_here() -> None:
    def told(run: RunResult) -> str:
        console = Console(file=io.StringIO(), width=200)
        print_result(console, run)
        return console.file.getvalue()  # type: ignore[attr-defined]

    failed = a_run(state="failed", error=explain_failure("train", ["Killed"]))
    assert "--resume" not in told(failed)
    assert "--resume" in told(replace(failed, where="local"))
    assert "Serving: http://fruit" in told(a_run(endpoint="http://fruit"))
