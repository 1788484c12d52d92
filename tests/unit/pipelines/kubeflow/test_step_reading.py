"""What a step told is read from wherever it can be; real HTTP on this machine plays Kubeflow."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.unit.pipelines.played_kubeflow import API_HEALTH, UI_HEALTH, PlayedKubeflow

from viewfinder_components.errors import PermanentError
from viewfinder_components.failures import describe_exception
from viewfinder_components.outcome import Outcome
from viewfinder_pipelines.kubeflow.step_reading import StepReader
from viewfinder_pipelines.kubeflow.workflow_step import Pod, WorkflowStep
from viewfinder_pipelines.runs.record import ArtifactRecord

DONE = Outcome("train", "succeeded", "2026-11-26T02:00:00+00:00", "2026-11-26T02:00:09+00:00", "ok")
FAILURE = describe_exception(PermanentError("a bucket", "none", "make it"))
FAILED = Outcome("train", "failed", DONE.began, DONE.ended, failure=FAILURE)
LOG = f"[KFP Executor 2026-11-26 02:00:00,000 INFO]: hello\nviewfinder outcome: {DONE.to_line()}\n"
NO_LOG = '{"error_message":"BadRequestError: Failed to read logs"}'
LOG_PATH = "/apis/v1alpha1/runs/r/nodes/pod-1/log"
KEPT_PATH = "/apis/v1beta1/runs/r/nodes/pod-1/artifacts/main-logs:read"
METRICS = {"training_metrics": ArtifactRecord("minio://b/v2/t/metrics", "system.Metrics", {})}
NOW = datetime(2026, 11, 26, 2, 1, tzinfo=UTC)


def a_step(state: str = "succeeded", message: str = "", has_log: bool = True) -> WorkflowStep:
    driver = Pod("driver", "succeeded", NOW, NOW, "")
    pod = Pod("pod-1", state, NOW, NOW, message, has_log=has_log)  # type: ignore[arg-type]
    return WorkflowStep("train", state, driver, (pod,), METRICS)  # type: ignore[arg-type]


def a_running_pod() -> tuple[Pod, tuple[Pod, ...]]:
    driver = Pod("driver", "succeeded", NOW, NOW, "")
    return driver, (Pod("pod-1", "running", NOW, None, ""),)


def kept(log: str) -> str:
    return json.dumps({"data": base64.b64encode(log.encode()).decode()})


@pytest.mark.parametrize(
    ("health", "answers"),
    [
        (API_HEALTH, {LOG_PATH: LOG}),
        (API_HEALTH, {LOG_PATH: NO_LOG, KEPT_PATH: kept(LOG)}),
        (UI_HEALTH, {"/k8s/pod/logs": LOG}),
        (UI_HEALTH, {KEPT_PATH: kept(LOG)}),
        (UI_HEALTH, {"/artifacts/get": DONE.to_line()}),
    ],
    ids=["api", "api-archive", "ui", "ui-archive", "ui-artifact"],
)
def test_every_place_tells_the_same(
    kubeflow: PlayedKubeflow, health: dict[str, str], answers: dict[str, str]
) -> None:
    kubeflow.answers = answers
    reading = StepReader(kubeflow.connect(health), "r").read(a_step(), "kubeflow", "succeeded")
    assert reading.outcome == DONE
    assert reading.gap == ""


def test_the_ui_is_asked_as_its_own_pages_ask_it(kubeflow: PlayedKubeflow) -> None:
    reader = StepReader(kubeflow.connect(UI_HEALTH), "r")
    assert reader.read(a_step(), "kubeflow", "succeeded").gap
    asked = {urlsplit(path).path: parse_qs(urlsplit(path).query) for path in kubeflow.asked}
    assert asked["/k8s/pod/logs"] == {
        "podname": ["pod-1"],
        "podnamespace": ["kubeflow"],
        "runid": ["r"],
        "createdat": ["2026-11-26"],
    }
    assert asked["/artifacts/get"] == {
        "source": ["minio"],
        "bucket": ["b"],
        "key": ["v2/t/metrics"],
        "namespace": ["kubeflow"],
    }


def test_a_known_ui_helps_out_where_the_api_has_nothing(
    kubeflow: PlayedKubeflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KFP_UI_HOST", kubeflow.host)
    kubeflow.answers = {LOG_PATH: NO_LOG, "/artifacts/get": DONE.to_line()}
    connected = kubeflow.connect(API_HEALTH)
    connected.host = f"{kubeflow.host}/."  # another address than the UI's
    reading = StepReader(connected, "r").read(a_step(has_log=False), "kubeflow", "succeeded")
    assert reading.outcome == DONE


def test_a_failed_step_is_told_by_its_node_without_any_log(kubeflow: PlayedKubeflow) -> None:
    message = f"main: Error (exit code 1): a sentence\n{FAILED.to_line()}"
    reader = StepReader(kubeflow.connect(API_HEALTH), "r")
    reading = reader.read(a_step("failed", message), "kubeflow", "failed")
    assert reading.outcome == FAILED
    assert reading.gap.startswith("expected the step's log, received HTTP 404")


def test_what_cannot_be_read_is_said_with_the_remedy(kubeflow: PlayedKubeflow) -> None:
    kubeflow.answers = {LOG_PATH: NO_LOG}
    reader = StepReader(kubeflow.connect(API_HEALTH), "r")
    gap = reader.read(a_step(has_log=False), "kubeflow", "succeeded").gap
    assert gap.startswith("expected the step's outcome, in its log, received no log")
    assert "set KFP_UI_HOST to the UI's address" in gap


def test_an_ended_pod_is_read_once(kubeflow: PlayedKubeflow) -> None:
    kubeflow.answers = {LOG_PATH: LOG}
    reader = StepReader(kubeflow.connect(API_HEALTH), "r")
    for _ in range(3):
        assert reader.read(a_step(), "kubeflow", "running").outcome == DONE
    assert kubeflow.asked.count(LOG_PATH) == 1


def test_a_log_without_the_outcome_is_not_the_last_word(kubeflow: PlayedKubeflow) -> None:
    kubeflow.answers = {LOG_PATH: "half of a log\n", KEPT_PATH: kept(LOG)}
    reader = StepReader(kubeflow.connect(API_HEALTH), "r")
    assert reader.read(a_step(), "kubeflow", "running").outcome == DONE


def test_a_log_that_comes_late_is_asked_for_again(kubeflow: PlayedKubeflow) -> None:
    reader = StepReader(kubeflow.connect(API_HEALTH), "r")
    running = WorkflowStep("train", "running", *a_running_pod())
    for _ in range(5):
        reader.read(running, "kubeflow", "running")
    assert reader.read(a_step(), "kubeflow", "running").gap == ""
    kubeflow.answers |= {LOG_PATH: LOG}
    assert reader.read(a_step(), "kubeflow", "running").outcome == DONE


def test_a_run_that_was_ended_had_nothing_more_to_tell(kubeflow: PlayedKubeflow) -> None:
    reader = StepReader(kubeflow.connect(API_HEALTH), "r")
    assert reader.read(a_step("failed"), "kubeflow", "interrupted").gap == ""


@pytest.mark.parametrize("name", ["train", "train-2", "train[0]", "train-2[1][0]"])
def test_a_step_that_is_used_again_calls_itself_by_its_own_name(
    kubeflow: PlayedKubeflow, name: str
) -> None:
    kubeflow.answers[LOG_PATH] = LOG
    step = replace(a_step(), name=name)
    reading = StepReader(kubeflow.connect(API_HEALTH), "r").read(step, "ns", "succeeded")
    assert (reading.outcome, reading.gap) == (DONE, "")


def test_a_step_of_ones_own_may_be_called_by_a_number(kubeflow: PlayedKubeflow) -> None:
    own = replace(DONE, step="stage-2")
    kubeflow.answers[LOG_PATH] = f"viewfinder outcome: {own.to_line()}\n"
    step = replace(a_step(), name="stage-2[0]")
    reading = StepReader(kubeflow.connect(API_HEALTH), "r").read(step, "ns", "succeeded")
    assert reading.outcome == own
