"""The record of two recorded runs, as far as the workflow alone tells it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.pipelines.played_kubeflow import API_HEALTH, UI_HEALTH, PlayedKubeflow

from viewfinder_components.outcome import Outcome
from viewfinder_components.run_reason import RunReason
from viewfinder_pipelines.kubeflow.result import KubeflowRun, measure_overhead
from viewfinder_pipelines.kubeflow.workflow_step import Pod, WorkflowStep
from viewfinder_pipelines.runs.record import RunResult

DATA = Path(__file__).parents[1] / "data"


def read(
    kubeflow: PlayedKubeflow, name: str, state: str, health: dict[str, str], **spec: int
) -> RunResult:
    workflow = json.loads((DATA / f"workflow-{name}.json").read_text())
    answer(kubeflow, {**workflow, "spec": spec}, state)
    return KubeflowRun(kubeflow.connect(health), "r").read()


def answer(kubeflow: PlayedKubeflow, workflow: dict[str, Any], state: str, **more: object) -> None:
    """Have the server tell of a run with this workflow, and of more about the run."""
    run = more | {
        "run_id": "r",
        "state": state,
        "created_at": "2026-11-26T02:25:38Z",
        "finished_at": "2026-11-26T02:29:47Z",
        "runtime_config": {"parameters": {"data": "s3://photos", "model_root": "s3://models"}},
    }
    kubeflow.answers["/apis/v2beta1/runs/r"] = json.dumps(run)
    kubeflow.answers["/apis/v1beta1/runs/r"] = json.dumps(
        {"pipeline_runtime": {"workflow_manifest": json.dumps(workflow)}}
    )


def test_a_run_that_was_ended_is_known_where_its_history_lost_that(
    kubeflow: PlayedKubeflow,
) -> None:
    """As a real one answered: the history went from RUNNING to FAILED."""
    result = read(kubeflow, "flat-failed", "FAILED", API_HEALTH, activeDeadlineSeconds=0)
    assert (result.state, result.error) == ("interrupted", None)


def test_a_run_that_its_deadline_ended_says_so(kubeflow: PlayedKubeflow) -> None:
    """As a real one answered: Argo's own words are about the pod, and name no setting."""
    result = read(kubeflow, "flat-overdue", "FAILED", API_HEALTH, activeDeadlineSeconds=90)
    assert (result.state, [step.state for step in result.steps]) == ("failed", ["failed"])
    assert result.error is not None
    assert result.error.step == "validate"
    assert result.error.message == (
        "expected the run to end within its deadline of 90 s, received step validate unfinished "
        "by then; raise run_deadline_seconds under [kubeflow] in the settings file if the steps "
        "need more time, and try again"
    )
    assert result.gaps == ()  # a pod that was ended has nothing more to tell


def test_a_run_whose_deadline_passed_between_two_steps_says_so(kubeflow: PlayedKubeflow) -> None:
    workflow = json.loads((DATA / "workflow-flat-overdue.json").read_text())
    for node in workflow["status"]["nodes"].values():
        if ".validate" in node["name"]:
            node.update(phase="Succeeded", message="")
    answer(kubeflow, {**workflow, "spec": {"activeDeadlineSeconds": 90}}, "FAILED")
    result = KubeflowRun(kubeflow.connect(API_HEALTH), "r").read()
    assert result.error is not None
    assert result.error.step is None
    assert "deadline of 90 s, received steps that had not started by then" in result.error.message


def test_a_run_whose_deadline_passed_while_a_step_was_prepared_says_so(
    kubeflow: PlayedKubeflow,
) -> None:
    """As a real one answered: Argo leaves out the step whose driver it ended."""
    workflow = json.loads((DATA / "workflow-flat-overdue.json").read_text())
    nodes = workflow["status"]["nodes"]
    for key, node in list(nodes.items()):
        if ".validate-driver" in node["name"]:
            node.update(phase="Failed", message="Step exceeded its deadline", outputs={})
        elif node["name"].endswith(".validate"):
            message = "omitted: depends condition not met"
            node.update(type="Skipped", phase="Omitted", message=message)
        elif ".validate(0)" in node["name"]:
            del nodes[key]
    answer(kubeflow, {**workflow, "spec": {"activeDeadlineSeconds": 90}}, "FAILED")
    result = KubeflowRun(kubeflow.connect(API_HEALTH), "r").read()
    assert [(step.name, step.state) for step in result.steps] == [("validate", "failed")]
    assert result.error is not None
    assert result.error.step == "validate"
    assert "deadline of 90 s, received step validate unfinished" in result.error.message


@pytest.mark.parametrize("health", [API_HEALTH, UI_HEALTH], ids=["api", "ui"])
def test_a_failures_cause_needs_nothing_but_the_workflow(
    kubeflow: PlayedKubeflow, health: dict[str, str]
) -> None:
    result = read(kubeflow, "flat-failed", "FAILED", health)
    assert (result.state, [step.name for step in result.steps]) == ("failed", ["validate"])
    assert result.error is not None
    assert result.error.message.startswith("expected a bucket s3://nosuchbucket, received ")
    assert result.overhead["start"] > 10
    assert [gap.steps for gap in result.gaps] == [("validate",)]  # the end of its log


def test_the_graph_tells_the_gates_word_and_what_is_unknown_is_said(
    kubeflow: PlayedKubeflow,
) -> None:
    result = read(kubeflow, "flat-refused", "SUCCEEDED", API_HEALTH)
    assert result.state == "refused"
    assert [step.name for step in result.steps] == ["validate", "preprocess", "train", "evaluate"]
    (gap,) = result.gaps
    assert gap.steps == ("validate", "preprocess", "train", "evaluate")
    assert result.report is not None
    assert result.page is None


def test_links_open_where_the_ui_is_known(kubeflow: PlayedKubeflow) -> None:
    result = read(kubeflow, "flat-refused", "SUCCEEDED", UI_HEALTH)
    assert result.page == f"{kubeflow.host}/#/runs/details/r"
    assert result.report_page is not None
    assert result.report_page.startswith(
        f"{kubeflow.host}/artifacts/get?source=minio&bucket=mlpipeline&key=v2"
    )
    assert result.report_page.endswith("evaluation_report&namespace=kubeflow")


def test_the_clusters_seconds_are_never_more_than_the_runs(kubeflow: PlayedKubeflow) -> None:
    result = read(kubeflow, "flat-failed", "FAILED", API_HEALTH)
    (validate,) = result.steps
    assert 0 < sum(validate.overhead.values()) <= validate.seconds
    assert sum(result.overhead.values()) <= result.seconds


def test_a_pod_that_argo_saw_late_did_not_begin_after_its_end() -> None:
    driver = Pod("driver", "succeeded", at(0), at(10), "")
    late = Pod("pod", "succeeded", at(120), at(100), "")
    step = WorkflowStep("validate", "succeeded", driver, (late,))
    outcome = Outcome("validate", "succeeded", at(40).isoformat(), at(90).isoformat())
    assert measure_overhead(step, outcome) == {
        "driver": 10.0,
        "queue": 30.0,
        "start": 0.0,
        "finish": 10.0,
    }


def at(seconds: int) -> datetime:
    return datetime(2026, 11, 26, 2, 0, tzinfo=UTC) + timedelta(seconds=seconds)


def test_the_run_of_a_schedule_says_so(kubeflow: PlayedKubeflow) -> None:
    """Also of a schedule that was set in the UI, or deleted since."""
    workflow = json.loads((DATA / "workflow-flat-refused.json").read_text())
    answer(kubeflow, workflow, "SUCCEEDED", recurring_run_id="s-1")
    run = KubeflowRun(kubeflow.connect(API_HEALTH), "r")
    assert run.read().reason == RunReason("schedule", text="s-1")
    schedule = json.dumps({"recurring_run_id": "s-1", "display_name": "nightly"})
    kubeflow.answers["/apis/v2beta1/recurringruns/s-1"] = schedule
    run = KubeflowRun(kubeflow.connect(API_HEALTH), "r")
    assert run.read().reason == RunReason("schedule", text="nightly")
    answer(kubeflow, workflow, "SUCCEEDED")
    assert KubeflowRun(kubeflow.connect(API_HEALTH), "r").read().reason == RunReason()
