"""What is looked at before anything is sent to a cluster."""

from typing import Any

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_pipelines.kubeflow.runner import plan_kubeflow_run
from viewfinder_pipelines.pipeline.platform import PlatformSettings, PodSettings, Volume
from viewfinder_pipelines.pipeline.registry import BATCH_PREDICTION, DEPLOYMENT
from viewfinder_pipelines.settings.file import ClusterSettings

IN_REACH = {"data": "s3://photos/fruit", "model_root": "s3://models"}


@pytest.fixture(autouse=True)
def _images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIEWFINDER_STEPS_IMAGE", "registry.example/steps:1")
    monkeypatch.setenv("VIEWFINDER_PREDICTOR_IMAGE", "registry.example/predictor:1")


def test_the_run_is_named_by_kubeflow() -> None:
    plan = plan_kubeflow_run({**IN_REACH, "model_name": "fruit", "epochs": 3}, ClusterSettings())
    assert plan.arguments == {
        **IN_REACH,
        "model_name": "fruit",
        "epochs": 3,
        "run_id": "[[RunUUID]]",
    }
    assert plan.name.startswith("fruit 20")


def test_the_command_line_wins_over_the_settings_file() -> None:
    settings = ClusterSettings(parameters={**IN_REACH, "epochs": 5, "augment": True, "seed": 1})
    plan = plan_kubeflow_run({"data": "gs://other/photos", "seed": 2}, settings)
    assert plan.arguments["data"] == "gs://other/photos"
    assert plan.arguments["model_root"] == "s3://models"
    assert (plan.arguments["epochs"], plan.arguments["augment"]) == (5, True)
    assert plan.arguments["seed"] == 2


def test_a_mounted_claim_is_in_reach() -> None:
    platform = PlatformSettings(every=PodSettings(volumes=(Volume("photos"),)))
    options = {**IN_REACH, "data": "/mnt/pvc/photos/fruit"}
    plan_kubeflow_run(options, ClusterSettings(platform=platform))
    with pytest.raises(PermanentError, match="data that the pods can reach"):
        plan_kubeflow_run(options, ClusterSettings())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({**IN_REACH, "data": "fruit"}, "expected data that the pods can reach"),
        ({**IN_REACH, "data": ""}, "received nothing; name it with data"),
        ({"data": "s3://photos"}, "expected model_root that the pods can reach"),
        ({**IN_REACH, "model_root": "file:///models"}, "received 'file:///models'"),
        ({**IN_REACH, "model_name": "My Model"}, "lower-case"),
        ({**IN_REACH, "min_accuracy": 2.0}, "min_accuracy"),
        ({**IN_REACH, "max_replicas": 0}, "max_replicas to be a whole number of at least 1"),
        (
            {**IN_REACH, "predictor_cpu": "many"},
            "predictor_cpu to be a Kubernetes quantity above 0",
        ),
        ({**IN_REACH, "namespace": "My Space"}, "namespace to be at most 63 lower-case letters"),
    ],
)
def test_mistakes(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PermanentError) as caught:
        plan_kubeflow_run(options, ClusterSettings())
    assert sentence in str(caught.value)


def test_a_wrong_value_is_told_even_where_nothing_is_deployed() -> None:
    options = {**IN_REACH, "deploy": False}
    assert plan_kubeflow_run(options, ClusterSettings()).arguments["deploy"] is False
    with pytest.raises(PermanentError, match="max_replicas to be a whole number of at least 1"):
        plan_kubeflow_run({**options, "max_replicas": 0}, ClusterSettings())


@pytest.mark.parametrize(
    ("platform", "sentence"),
    [
        (PlatformSettings(), "expected the name of the steps image"),
        (PlatformSettings(every=PodSettings(image="r/steps:1")), "image under [steps.check]"),
    ],
)
def test_images_that_nobody_named_are_refused(
    monkeypatch: pytest.MonkeyPatch, platform: PlatformSettings, sentence: str
) -> None:
    monkeypatch.delenv("VIEWFINDER_STEPS_IMAGE")
    monkeypatch.delenv("VIEWFINDER_PREDICTOR_IMAGE")
    with pytest.raises(PermanentError) as caught:
        plan_kubeflow_run(IN_REACH, ClusterSettings(platform=platform))
    assert sentence in str(caught.value)


def test_images_of_the_settings_file_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIEWFINDER_STEPS_IMAGE")
    monkeypatch.delenv("VIEWFINDER_PREDICTOR_IMAGE")
    platform = PlatformSettings(
        every=PodSettings(image="r/steps:1"), steps={"check": PodSettings(image="r/predictor:1")}
    )
    plan_kubeflow_run(IN_REACH, ClusterSettings(platform=platform))


def test_photos_on_a_claim_are_read_where_it_is_mounted() -> None:
    options = {**IN_REACH, "data": "pvc://photos/fruit"}
    elsewhere = PlatformSettings(every=PodSettings(volumes=(Volume("photos", "/photos"),)))
    plan = plan_kubeflow_run(options, ClusterSettings(platform=elsewhere))
    assert plan.arguments["data"] == "/photos/fruit"
    with pytest.raises(PermanentError, match=r"add \[\[steps.volumes\]\] with claim = \"photos\""):
        plan_kubeflow_run(options, ClusterSettings())


def test_a_model_root_on_a_claim_is_mounted_where_the_steps_look_for_it() -> None:
    options = {**IN_REACH, "model_root": "pvc://models/fruit"}
    mounted = PlatformSettings(every=PodSettings(volumes=(Volume("models"),)))
    plan = plan_kubeflow_run(options, ClusterSettings(platform=mounted))
    assert plan.arguments["model_root"] == "pvc://models/fruit"
    elsewhere = PlatformSettings(every=PodSettings(volumes=(Volume("models", "/models"),)))
    with pytest.raises(PermanentError, match="mounted at /mnt/pvc/models in step evaluate"):
        plan_kubeflow_run(options, ClusterSettings(platform=elsewhere))
    with pytest.raises(PermanentError, match="the claim models among the volumes"):
        plan_kubeflow_run(options, ClusterSettings())


def test_the_settings_file_of_training_serves_other_pipelines_as_well() -> None:
    filed = ClusterSettings(parameters={"model_root": "s3://models", "epochs": 20})
    plan = plan_kubeflow_run({"version": 3}, filed, DEPLOYMENT)
    assert plan.arguments == {"model_root": "s3://models", "version": 3}
    with pytest.raises(PermanentError, match="'epochz'"):
        plan_kubeflow_run({}, ClusterSettings(parameters={"epochz": 20}), DEPLOYMENT)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("s3://results/new.parquet", "s3://results/new.parquet"),
        ("pvc://results/a/new.parquet", "/mnt/pvc/results/a/new.parquet"),
        ("/mnt/pvc/results/new.parquet", "/mnt/pvc/results/new.parquet"),
    ],
)
def test_predictions_go_where_they_outlive_the_pod(output: str, expected: str) -> None:
    platform = PlatformSettings(every=PodSettings(volumes=(Volume("results"),)))
    options = {**IN_REACH, "output": output}
    plan = plan_kubeflow_run(options, ClusterSettings(platform=platform), BATCH_PREDICTION)
    assert plan.arguments == {**IN_REACH, "output": expected}


@pytest.mark.parametrize("output", ["new.parquet", "/results/new.parquet", ""])
def test_predictions_that_would_be_gone_with_the_pod(output: str) -> None:
    options = {**IN_REACH, "output": output}
    with pytest.raises(PermanentError, match="output that the pods can reach"):
        plan_kubeflow_run(options, ClusterSettings(), BATCH_PREDICTION)
