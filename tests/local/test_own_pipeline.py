"""A pipeline that is not one of this project's runs here, with a record, and on a cluster."""

import sys
from pathlib import Path

import pytest
import yaml

import viewfinder
from viewfinder_components.training.config import TrainConfig
from viewfinder_pipelines.kubeflow.submission import compile_for_cluster
from viewfinder_pipelines.pipeline.platform import CPU_REQUEST, PlatformSettings, PodSettings


@pytest.fixture
def pipeline(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    yield __import__("own_pipeline").COMPARISON
    del sys.modules["own_pipeline"]


@pytest.mark.slow
def test_it_runs_here(pipeline, photos, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = viewfinder.run(photos, pipeline=pipeline, epochs=2, image_size=64)
    assert result.state == "succeeded", result.error
    steps = {step.name: step for step in result.steps}
    assert set(steps) == {"validate", "preprocess", "train", "train-2"}
    assert result.parameters["other_backbone"] == "scratch"
    assert result.parameters["learning_rate"] == TrainConfig().learning_rate
    assert steps["train"].metrics["epochs"] == 2
    assert steps["train-2"].metrics["epochs"] == 1
    assert "scratch" in steps["train-2"].summary
    assert result.pipeline == "comparison"
    assert (result.decision, result.version, result.endpoint) == (None, None, None)


def test_it_is_compiled_for_a_cluster(pipeline, tmp_path) -> None:
    platform = PlatformSettings(
        every=PodSettings(image="registry/steps:1"),
        steps={"train": PodSettings(memory="4Gi"), "train-2": PodSettings(memory="8Gi")},
    )
    compile_for_cluster(tmp_path / "own.yaml", platform, pipeline=pipeline)
    spec = next(iter(yaml.safe_load_all((tmp_path / "own.yaml").read_text())))
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    assert set(parameters) == set(pipeline.parameters)
    assert parameters["other_backbone"]["description"] == "The network beside the usual one."
    executors = spec["deploymentSpec"]["executors"]
    containers = {name: executor["container"] for name, executor in executors.items()}
    assert {container["image"] for container in containers.values()} == {"registry/steps:1"}
    resources = {name: container["resources"] for name, container in containers.items()}
    assert {one["resourceCpuRequest"] for one in resources.values()} == {CPU_REQUEST}
    assert resources["exec-train"]["resourceMemoryLimit"] == "4Gi"
    assert resources["exec-train-2"]["resourceMemoryLimit"] == "8Gi"


def test_the_second_use_of_a_step_has_the_steps_settings(pipeline, tmp_path) -> None:
    platform = PlatformSettings(steps={"train": PodSettings(memory="4Gi")})
    compile_for_cluster(tmp_path / "own.yaml", platform, pipeline=pipeline)
    spec = next(iter(yaml.safe_load_all((tmp_path / "own.yaml").read_text())))
    second = spec["deploymentSpec"]["executors"]["exec-train-2"]["container"]
    assert second["resources"]["resourceMemoryLimit"] == "4Gi"
