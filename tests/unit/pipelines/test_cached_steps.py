"""Where the cache has a step's outputs from, in the workflow of a real run with cached steps."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.kubeflow.recorder.exchanges import load
from tests.unit.pipelines.played_kubeflow import API_HEALTH, UI_HEALTH, PlayedKubeflow

from viewfinder_components.outcome import Outcome
from viewfinder_pipelines.kubeflow.cached_steps import Originals, read_traced_steps
from viewfinder_pipelines.kubeflow.step_reading import StepReader
from viewfinder_pipelines.kubeflow.workflow_step import WorkflowStep

RECORDED = Path(__file__).parents[2] / "kubeflow" / "recorded"
CACHED = ("validate", "preprocess", "train")
EARLIER = "11111111-2222-3333-4444-555555555555"
DONE = Outcome("train", "succeeded", "2026-11-26T02:00:00+00:00", "2026-11-26T02:00:09+00:00", "ok")


@pytest.fixture(scope="module")
def workflow() -> dict[str, Any]:
    """The workflow of the recorded run, as it was at its end."""
    return read_recorded("api/cached")


@pytest.fixture(scope="module")
def loop() -> dict[str, Any]:
    """The same of a run with a loop, whose iterations came from the cache."""
    return read_recorded("ui/loop-cached")


def read_recorded(name: str) -> dict[str, Any]:
    manifests = [
        json.loads(one.body).get("pipeline_runtime", {}).get("workflow_manifest")
        for one in load(RECORDED / f"{name}.json.xz")
        if one.path.startswith("/apis/v1beta1/runs/") and one.path.count("/") == 4
    ]
    known: list[dict[str, Any]] = [json.loads(manifest) for manifest in manifests if manifest]
    name = known[0]["metadata"]["name"]
    return [one for one in known if one["metadata"]["name"] == name][-1]


def steps_of(workflow: dict[str, Any]) -> dict[str, WorkflowStep]:
    return {step.name: step for step in read_traced_steps(workflow)}


def without(workflow: dict[str, Any], *steps: str) -> dict[str, Any]:
    """A run that ended before these steps."""
    found: dict[str, Any] = json.loads(json.dumps(workflow))
    nodes = found["status"]["nodes"]
    for key, node in list(nodes.items()):
        if any(f".{step}" in node["name"] for step in steps):
            del nodes[key]
    return found


def played_run(workflow: dict[str, Any]) -> str:
    return json.dumps({"pipeline_runtime": {"workflow_manifest": json.dumps(workflow)}})


def test_a_later_step_tells_where_a_cached_one_once_ran(workflow: dict[str, Any]) -> None:
    steps = steps_of(workflow)
    for name in CACHED:
        step = steps[name]
        assert step.state == "cached"
        for output, artifact in step.artifacts.items():
            assert f"/{step.origin}/{name}/" in artifact.uri
            assert artifact.uri.endswith(f"/{output}")
        assert "system.Metrics" in {artifact.type for artifact in step.artifacts.values()}
    assert not [step.name for step in steps.values() if step.origin and step.state != "cached"]


def test_what_a_cached_step_took_is_of_the_same_run(workflow: dict[str, Any]) -> None:
    """Nobody but preprocess took the index: its own run tells where that was made."""
    found = json.loads(json.dumps(workflow))
    for node in found["status"]["nodes"].values():
        if "evaluate-driver" in node["name"]:
            task = next(p for p in node["inputs"]["parameters"] if p["name"] == "task")
            task["value"] = task["value"].replace('"index"', '"unknown"')
    steps = steps_of(found)
    assert steps["validate"].origin == steps["preprocess"].origin != ""
    assert steps["validate"].artifacts == {}


def test_iterations_of_a_loop_come_from_iterations_of_a_loop(loop: dict[str, Any]) -> None:
    steps = steps_of(loop)
    first, second = steps["train[0]"], steps["train[1]"]
    assert first.state == second.state == "cached"
    assert first.origin == second.origin != ""
    assert first.artifacts["model"].uri != second.artifacts["model"].uri
    # Outside the loop, no step took these: the URIs of what was taken in it name their steps.
    assert {steps[name].origin for name in ("validate", "preprocess")} == {first.origin}


def test_another_iteration_may_have_made_what_a_cached_one_has(
    kubeflow: PlayedKubeflow, loop: dict[str, Any]
) -> None:
    """As after the items were put in another order; the earlier run is the recorded one."""
    made = read_recorded("ui/loop")
    kubeflow.answers[f"/apis/v1beta1/runs/{steps_of(loop)['train[0]'].origin}"] = played_run(made)
    originals = Originals(kubeflow.connect(API_HEALTH))
    for name in ("train[0]", "train[1]", "preprocess"):
        assert originals.find(steps_of(loop)[name]).step.name == name
    other = json.loads(json.dumps(loop).replace("(0:0)", "(x)").replace("(1:1)", "(0:0)"))
    other = json.loads(json.dumps(other).replace("(x)", "(1:1)"))
    for name, earlier in (("train[0]", "train[1]"), ("train[1]", "train[0]")):
        assert originals.find(steps_of(other)[name]).step.name == earlier


def test_what_no_later_step_took_has_no_origin(workflow: dict[str, Any]) -> None:
    steps = steps_of(without(workflow, "evaluate", "export", "check", "publish", "deploy"))
    assert {steps[name].origin for name in CACHED} == {""}


@pytest.mark.parametrize("health", [API_HEALTH, UI_HEALTH], ids=["api", "ui"])
def test_a_cached_step_is_told_by_the_run_in_which_it_ran(
    kubeflow: PlayedKubeflow, workflow: dict[str, Any], health: dict[str, str]
) -> None:
    """The run that ran it is played by the recorded one, whose evaluation was not cached."""
    connected = kubeflow.connect(health)
    kubeflow.answers[f"/apis/v1beta1/runs/{EARLIER}"] = played_run(workflow)
    evaluate = steps_of(workflow)["evaluate"]
    done = Outcome("evaluate", "succeeded", DONE.began, DONE.ended, "Accepted.")
    log = f"viewfinder outcome: {done.to_line()}\n"
    kubeflow.answers["/k8s/pod/logs"] = log
    kubeflow.answers[f"/apis/v1alpha1/runs/{EARLIER}/nodes/{evaluate.pod.name}/log"] = log
    cached = WorkflowStep("evaluate", "cached", evaluate.driver, (), origin=EARLIER)
    reading = StepReader(connected, "now").read(cached, "kubeflow", "succeeded")
    assert (reading.outcome, reading.gap) == (done, "")
    assert reading.artifacts == evaluate.artifacts


def test_a_step_that_was_cached_there_too_is_followed_on(
    kubeflow: PlayedKubeflow, workflow: dict[str, Any]
) -> None:
    train = steps_of(workflow)["train"]
    ran = without(workflow, "validate", "preprocess")
    nodes = json.dumps(ran).replace(".evaluate", ".train")
    kubeflow.answers[f"/apis/v1beta1/runs/{EARLIER}"] = played_run(workflow)
    kubeflow.answers[f"/apis/v1beta1/runs/{train.origin}"] = played_run(json.loads(nodes))
    cached = WorkflowStep("train", "cached", train.driver, (), origin=EARLIER)
    original = Originals(kubeflow.connect(API_HEALTH)).find(cached)
    assert (original.run_id, original.step.state) == (train.origin, "succeeded")


def test_the_file_tells_where_the_run_is_gone(
    kubeflow: PlayedKubeflow, workflow: dict[str, Any]
) -> None:
    kubeflow.answers["/artifacts/get"] = DONE.to_line()
    reader = StepReader(kubeflow.connect(UI_HEALTH), "now")
    reading = reader.read(steps_of(workflow)["train"], "kubeflow", "succeeded")
    assert (reading.outcome, reading.gap) == (DONE, "")


def test_what_nobody_tells_is_a_gap_with_its_remedy(
    kubeflow: PlayedKubeflow, workflow: dict[str, Any]
) -> None:
    reader = StepReader(kubeflow.connect(API_HEALTH), "now")
    train = steps_of(workflow)["train"]
    assert reader.read(train, "kubeflow", "running").gap == ""
    gone = reader.read(train, "kubeflow", "succeeded").gap
    assert gone.startswith("expected the step's outcome from when it ran")
    assert "HTTP 404" in gone
    assert "set KFP_UI_HOST to the UI's address" in gone
    unknown = WorkflowStep("train", "cached", train.driver, ())
    gap = reader.read(unknown, "kubeflow", "failed").gap
    assert "received no step that used them" in gap
    assert "cache = false under [kubeflow]" in gap


def test_runs_that_name_each_other_are_not_followed_for_ever(
    kubeflow: PlayedKubeflow, workflow: dict[str, Any]
) -> None:
    train = steps_of(workflow)["train"]
    kubeflow.answers[f"/apis/v1beta1/runs/{train.origin}"] = played_run(workflow)
    reading = StepReader(kubeflow.connect(API_HEALTH), "now").read(train, "k", "succeeded")
    assert "runs that do not contain it" in reading.gap
