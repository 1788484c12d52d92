"""The step that serves Kubeflow's cache is left out where that cache is not used."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from kfp import compiler, components, dsl

from viewfinder_components.fingerprinting.component import fingerprint
from viewfinder_components.validation.component import validate
from viewfinder_pipelines.kubeflow.submission import compile_for_cluster
from viewfinder_pipelines.pipeline.cache_steps import omit_cache_steps
from viewfinder_pipelines.pipeline.compiling import compile_pipeline
from viewfinder_pipelines.pipeline.flattening import flatten_conditions
from viewfinder_pipelines.pipeline.platform import PlatformSettings, PodSettings


def read(path: Path) -> dict[str, Any]:
    return dict(next(iter(yaml.safe_load_all(path.read_text()))))


def test_a_run_without_kubeflows_cache_has_no_such_step(tmp_path: Path) -> None:
    compile_pipeline(tmp_path / "with.yaml")
    compile_pipeline(tmp_path / "without.yaml", cache=False)
    cached, plain = read(tmp_path / "with.yaml"), read(tmp_path / "without.yaml")
    before, after = cached["root"]["dag"]["tasks"], plain["root"]["dag"]["tasks"]
    assert set(before) - set(after) == {"fingerprint"}
    assert set(cached["components"]) - set(plain["components"]) == {"comp-fingerprint"}
    executors = [one["deploymentSpec"]["executors"] for one in (cached, plain)]
    assert set(executors[0]) - set(executors[1]) == {"exec-fingerprint"}
    assert "photos_fingerprint" not in after["validate"]["inputs"]["parameters"]
    assert "dependentTasks" not in after["validate"]
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"validate"}
    components.load_component_from_file(str(tmp_path / "without.yaml"))  # kfp accepts it


def test_settings_for_the_step_are_no_error_without_it(tmp_path: Path) -> None:
    platform = PlatformSettings(steps={"fingerprint": PodSettings(memory="1Gi")})
    compile_for_cluster(tmp_path / "pipeline.yaml", platform, cache=False)
    assert "fingerprint" not in read(tmp_path / "pipeline.yaml")["root"]["dag"]["tasks"]


@dsl.component(base_image="python", install_kfp_package=False)
def tell(text: str):
    print(text)


@dsl.pipeline(name="told")
def told(data: str):
    listed = fingerprint(data=data)
    validate(data=data, photos_fingerprint=listed.outputs["fingerprint"])
    tell(text=listed.outputs["fingerprint"])


@dsl.pipeline(name="conditional")
def conditional(data: str):
    listed = fingerprint(data=data)
    with dsl.If(listed.outputs["fingerprint"] != "known"):
        validate(data=data, photos_fingerprint=listed.outputs["fingerprint"])


@dsl.pipeline(name="returned")
def returned(data: str) -> str:
    listed = fingerprint(data=data)
    validate(data=data, photos_fingerprint=listed.outputs["fingerprint"])
    return listed.outputs["fingerprint"]


@dsl.pipeline(name="twice")
def twice(data: str, other: str):
    for one in (data, other):
        listed = fingerprint(data=one)
        validate(data=one, photos_fingerprint=listed.outputs["fingerprint"]).after(listed)


def compiled(pipeline: Any, path: Path) -> dict[str, Any]:
    """A pipeline as it runs without the cache; kfp accepts it."""
    compiler.Compiler().compile(pipeline, str(path))
    specification = read(path)
    flatten_conditions(specification)
    omit_cache_steps(specification)
    path.write_text(yaml.safe_dump(specification))
    components.load_component_from_file(str(path))
    return specification


def own_fingerprint() -> Any:
    def fingerprint(text: str):
        print(text)

    return dsl.component(fingerprint, base_image="python", install_kfp_package=False)


@dsl.pipeline(name="own")
def own(data: str):
    told = tell(text=data)
    own_fingerprint()(text=data).after(told)


def test_a_users_own_step_of_that_name_stays(tmp_path: Path) -> None:
    tasks = compiled(own, tmp_path / "pipeline.yaml")["root"]["dag"]["tasks"]
    assert set(tasks) == {"tell", "fingerprint"}


@dsl.pipeline(name="ordered")
def ordered(data: str):
    fetched = tell(text=data)
    listed = fingerprint(data=data).after(fetched)
    validate(data=data, photos_fingerprint=listed.outputs["fingerprint"])


def test_the_order_that_went_through_the_step_stays(tmp_path: Path) -> None:
    tasks = compiled(ordered, tmp_path / "pipeline.yaml")["root"]["dag"]["tasks"]
    assert set(tasks) == {"tell", "validate"}
    assert tasks["validate"]["dependentTasks"] == ["tell"]


@dsl.pipeline(name="alone")
def alone():
    with dsl.ParallelFor(["a", "b"]) as one:
        fingerprint(data=one)


def test_a_loop_does_not_become_empty(tmp_path: Path) -> None:
    specification = compiled(alone, tmp_path / "pipeline.yaml")
    graphs = [one["dag"] for one in specification["components"].values() if "dag" in one]
    assert [list(graph["tasks"]) for graph in graphs] == [["fingerprint"]]


@pytest.mark.parametrize(
    ("pipeline", "left"), [(told, True), (conditional, True), (returned, True), (twice, False)]
)
def test_a_step_stays_if_its_output_is_used_otherwise(
    pipeline: Any, left: bool, tmp_path: Path
) -> None:
    tasks = compiled(pipeline, tmp_path / "pipeline.yaml")["root"]["dag"]["tasks"]
    assert any("fingerprint" in task for task in tasks) is left
