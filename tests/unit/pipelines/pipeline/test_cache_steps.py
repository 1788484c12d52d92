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


@pytest.mark.parametrize(
    ("pipeline", "left"), [(told, True), (conditional, True), (returned, True), (twice, False)]
)
def test_a_step_stays_if_its_output_is_used_otherwise(
    pipeline: Any, left: bool, tmp_path: Path
) -> None:
    compiler.Compiler().compile(pipeline, str(tmp_path / "pipeline.yaml"))
    specification = read(tmp_path / "pipeline.yaml")
    flatten_conditions(specification)
    omit_cache_steps(specification)
    assert any("fingerprint" in task for task in specification["root"]["dag"]["tasks"]) is left
    (tmp_path / "pipeline.yaml").write_text(yaml.safe_dump(specification))
    components.load_component_from_file(str(tmp_path / "pipeline.yaml"))
