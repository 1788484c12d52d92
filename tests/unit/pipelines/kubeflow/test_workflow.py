"""Argo's workflows of two real runs on Kubeflow Pipelines 2.17.0, as its API hands them out."""

import json
from pathlib import Path
from typing import Any

import pytest

from viewfinder_components.outcome import parse_outcome
from viewfinder_pipelines.kubeflow.workflow import read_pipeline_name, read_steps

DATA = Path(__file__).parents[1] / "data"
STEPS = ["validate", "preprocess", "train", "evaluate", "export", "check", "publish", "report"]


def workflow(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((DATA / f"workflow-{name}.json").read_text())
    return content


def test_a_run_that_succeeded() -> None:
    steps = read_steps(workflow("succeeded"))
    assert [step.name for step in steps] == STEPS
    assert {step.state for step in steps} == {"succeeded"}
    for step in steps:
        assert len(step.pods) == 1
        assert step.driver.began <= step.driver.ended <= step.pods[0].began <= step.ended
        assert step.failure == ""


def test_the_pods_are_called_as_argo_calls_them() -> None:
    validate, preprocess, *_ = read_steps(workflow("succeeded"))
    assert validate.pods[0].name == "viewfinder-training-cb24j-system-container-impl-3819005366"
    # A step that is retried has a template of its own.
    assert (
        preprocess.pods[0].name == "viewfinder-training-cb24j-retry-system-container-impl-929376498"
    )


def test_the_driver_says_where_the_artifacts_go() -> None:
    steps = {step.name: step for step in read_steps(workflow("succeeded"))}
    artifacts = steps["evaluate"].artifacts
    assert {"classification", "evaluation", "metrics", "report"} <= artifacts.keys()
    assert artifacts["report"].type == "system.HTML"
    assert artifacts["report"].uri.startswith("minio://mlpipeline/v2/artifacts/")
    assert artifacts["report"].uri.endswith("/report")
    assert steps["train"].artifacts == {}


@pytest.mark.parametrize("patch", ["no JSON", "[]", '{"containers": [{"command": ["launch"]}]}'])
def test_a_driver_that_writes_otherwise_tells_nothing(patch: str) -> None:
    found = workflow("succeeded")
    for node in found["status"]["nodes"].values():
        for parameter in node.get("outputs", {}).get("parameters", []):
            parameter["value"] = patch
    assert all(step.artifacts == {} for step in read_steps(found))


def test_a_run_that_failed() -> None:
    validate, report = read_steps(workflow("failed"))
    assert (validate.name, validate.state) == ("validate", "failed")
    assert validate.failure == "main: Error (exit code 1)"
    assert (report.name, report.state) == ("report", "succeeded")


def test_a_flat_run_that_the_gate_refused() -> None:
    *done, export = read_steps(workflow("flat-refused"))
    assert [step.name for step in done] == ["validate", "preprocess", "train", "evaluate"]
    assert not [step.name for step in done if step.is_skipped or step.state != "succeeded"]
    assert (export.name, export.is_skipped) == ("export", True)
    assert done[0].image == "localhost/viewfinder/steps:records"
    assert done[0].pod.has_log


def test_a_flat_run_whose_first_step_failed() -> None:
    (validate,) = read_steps(workflow("flat-failed"))
    assert (validate.name, validate.state) == ("validate", "failed")
    told = parse_outcome(validate.failure)
    assert told is not None
    assert told.failure is not None
    assert told.failure.expected == "a bucket s3://nosuchbucket"


def without_pods_of(name: str, step: str) -> dict[str, Any]:
    found = workflow(name)
    nodes = found["status"]["nodes"]
    for key in [k for k, node in nodes.items() if f".{step}(0).executor" in node["name"]]:
        del nodes[key]
    return found


def test_a_step_without_a_pod_was_cached() -> None:
    steps = {step.name: step for step in read_steps(without_pods_of("succeeded", "train"))}
    assert steps["train"].state == "cached"
    assert steps["train"].ended == steps["train"].driver.ended


def test_a_step_is_running_until_argo_says_otherwise() -> None:
    found = without_pods_of("succeeded", "train")
    nodes = found["status"]["nodes"]
    for key in [k for k, node in nodes.items() if node["name"].endswith((".train", ".train(0)"))]:
        del nodes[key]
    steps = {step.name: step for step in read_steps(found)}
    assert steps["train"].state == "running"


@pytest.mark.parametrize("found", [{}, {"status": {}}, {"status": {"nodes": {}}}])
def test_a_run_that_has_not_begun(found: dict[str, Any]) -> None:
    assert read_steps(found) == []


def test_the_pipelines_name_is_what_its_drivers_are_given() -> None:
    """A scheduled run's workflow is named after the schedule."""
    driver = {"args": ["--type", "CONTAINER", "--pipeline_name", "viewfinder-training", "--run_id"]}
    templates = [{"name": "dag"}, {"name": "driver", "container": driver}]
    scheduled = {"metadata": {"name": "nightly-8c2d1-1-339"}, "spec": {"templates": templates}}
    assert read_pipeline_name(scheduled) == "viewfinder-training"
    assert read_pipeline_name(workflow("succeeded")) == "viewfinder-training"
    assert read_pipeline_name({}) == ""
