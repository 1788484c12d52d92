"""The InferenceService that is built, for each KServe."""

from dataclasses import replace

import pytest

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.kserve.kserve_version import KServe, Mode
from viewfinder_components.deployment.kserve.runtime import Runtime
from viewfinder_components.deployment.kserve.service import (
    APPLIED,
    VERSION,
    build_service,
    restore_service,
)
from viewfinder_components.errors import PermanentError

CONFIG = DeployConfig("s3://bucket/models/fruit/3", 3, "fruit", min_replicas=2, max_replicas=2)
STANDARD = KServe((0, 20), Mode.STANDARD)
OWN = Runtime("viewfinder-predictor", {"name": "viewfinder", "version": "1"})


def test_everything_a_standard_kserve_needs() -> None:
    body = build_service(CONFIG, "team", STANDARD, OWN)
    assert body["metadata"]["name"] == "fruit"
    assert body["metadata"]["namespace"] == "team"
    assert body["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "viewfinder",
        "app.kubernetes.io/name": "fruit",
        "viewfinder.dev/model": "fruit",
    }
    annotations = body["metadata"]["annotations"]
    assert annotations[VERSION] == "3"
    assert annotations["serving.kserve.io/deploymentMode"] == "Standard"
    assert annotations["serving.kserve.io/autoscalerClass"] == "none"
    size = {"cpu": "1", "memory": "512Mi"}
    assert body["spec"]["predictor"] == {
        "serviceAccountName": "viewfinder-predictor",
        "minReplicas": 2,
        "maxReplicas": 2,
        "terminationGracePeriodSeconds": 60,
        "deploymentStrategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
        },
        "model": {
            "modelFormat": {"name": "viewfinder", "version": "1"},
            "runtime": "viewfinder-predictor",
            "storageUri": "s3://bucket/models/fruit/3/",
            "args": ["--model-version=3"],
            "resources": {"requests": size, "limits": size},
        },
    }


def test_the_same_config_is_the_same_object_and_another_is_not() -> None:
    body = build_service(CONFIG, "team", STANDARD, OWN)
    assert build_service(CONFIG, "team", STANDARD, OWN) == body
    # How long to wait, and how exact the answers must be, do not start pods again.
    same = replace(CONFIG, deploy_timeout_seconds=5, tolerance=0.5, adopt=True, patience_seconds=1)
    assert build_service(same, "team", STANDARD, OWN) == body
    other = build_service(replace(CONFIG, predictor_memory="1Gi"), "team", STANDARD, OWN)
    assert other["metadata"]["annotations"][APPLIED] != body["metadata"]["annotations"][APPLIED]


def test_a_service_can_be_restored_from_what_was_applied() -> None:
    body = build_service(CONFIG, "team", STANDARD, OWN)
    assert restore_service(body["metadata"]["annotations"][APPLIED], "fruit", "team") == body


def test_bounds_that_differ_keep_the_autoscaler() -> None:
    body = build_service(replace(CONFIG, max_replicas=4), "team", STANDARD, OWN)
    assert "serving.kserve.io/autoscalerClass" not in body["metadata"]["annotations"]


@pytest.mark.parametrize(
    ("minor", "mode", "word"),
    [
        (14, Mode.STANDARD, "RawDeployment"),
        (15, Mode.STANDARD, "RawDeployment"),
        (16, Mode.STANDARD, "Standard"),
        (15, Mode.KNATIVE, "Serverless"),
        (16, Mode.KNATIVE, "Knative"),
    ],
)
def test_each_kserve_is_told_its_own_word(minor: int, mode: Mode, word: str) -> None:
    body = build_service(CONFIG, "team", KServe((0, minor), mode), OWN)
    assert body["metadata"]["annotations"]["serving.kserve.io/deploymentMode"] == word


def test_0_14_does_not_know_a_service_without_an_autoscaler() -> None:
    body = build_service(CONFIG, "team", KServe((0, 14), Mode.STANDARD), OWN)
    assert "serving.kserve.io/autoscalerClass" not in body["metadata"]["annotations"]


def test_knative_gets_nothing_that_it_refuses() -> None:
    config = replace(CONFIG, min_replicas=0)
    body = build_service(config, "team", KServe((0, 20), Mode.KNATIVE), OWN)
    assert body["spec"]["predictor"]["minReplicas"] == 0
    assert (
        body["spec"]["predictor"]
        .keys()
        .isdisjoint({"deploymentStrategy", "terminationGracePeriodSeconds"})
    )
    assert "serving.kserve.io/autoscalerClass" not in body["metadata"]["annotations"]


def test_knative_is_given_as_long_as_the_deployment_waits() -> None:
    """By itself it gives a revision up after ten minutes."""
    key, kserve = "serving.knative.dev/progress-deadline", KServe((0, 20), Mode.KNATIVE)
    longer = build_service(replace(CONFIG, deploy_timeout_seconds=1800), "team", kserve, OWN)
    assert longer["metadata"]["annotations"][key] == "1800s"
    usual = build_service(replace(CONFIG, deploy_timeout_seconds=600), "team", kserve, OWN)
    assert key not in usual["metadata"]["annotations"]


def test_scaling_to_zero_is_refused_where_kserve_would_ignore_it() -> None:
    with pytest.raises(PermanentError, match="which KServe would change to 1"):
        build_service(replace(CONFIG, min_replicas=0), "team", STANDARD, OWN)


def test_another_runtimes_server_is_not_told_a_version_it_does_not_know() -> None:
    runtime = Runtime("triton", {"name": "tensorflow"})
    body = build_service(CONFIG, "team", STANDARD, runtime)
    assert "args" not in body["spec"]["predictor"]["model"]
    assert body["spec"]["predictor"]["model"]["modelFormat"] == {"name": "tensorflow"}
