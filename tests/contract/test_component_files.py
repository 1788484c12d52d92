"""The components as files: pipelines use them where this package is not installed."""

import copy
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

import viewfinder
from viewfinder.cli.main import main
from viewfinder_components.image import PREDICTOR_IMAGE, STEPS_IMAGE
from viewfinder_components.steps import STEPS

# A person without this package: any import of it fails.
PIPELINE = """
import sys

for name in (
    "viewfinder", "viewfinder_client", "viewfinder_components", "viewfinder_pipelines",
    "viewfinder_serving",
):
    sys.modules[name] = None

from kfp import compiler, components, dsl

names = ("validate", "preprocess", "train")
validate, preprocess, train = (
    components.load_component_from_file(f"{name}.yaml") for name in names
)

@dsl.pipeline
def own(photos: str):
    validated = validate(data=photos)
    preprocessed = preprocess(
        index=validated.outputs["index"], pixels=validated.outputs["pixels"]
    )
    train(shards=preprocessed.outputs["shards"], epochs=3)

compiler.Compiler().compile(own, "own.yaml")
"""


PAGE = Path(__file__).parents[2] / "docs" / "kubeflow.md"


def read(path: Path) -> dict[str, Any]:
    (document,) = yaml.safe_load_all(path.read_text(encoding="utf-8"))
    return dict(document)


def container(path: Path) -> dict[str, Any]:
    (executor,) = read(path)["deploymentSpec"]["executors"].values()
    return dict(executor["container"])


def without_descriptions(component: dict[str, Any]) -> dict[str, Any]:
    """What kfp keeps of a component that it loads from a file."""
    kept = copy.deepcopy(component)
    for kind in ("inputDefinitions", "outputDefinitions"):
        for group in kept.get(kind, {}).values():
            for one in group.values():
                one.pop("description", None)
    return kept


def test_a_pipeline_of_files_alone(tmp_path: Path) -> None:
    viewfinder.compile_components(tmp_path)
    subprocess.run([sys.executable, "-c", PIPELINE], cwd=tmp_path, check=True)
    compiled = read(tmp_path / "own.yaml")
    tasks = compiled["root"]["dag"]["tasks"]
    assert set(tasks) == {"validate", "preprocess", "train"}
    for name in tasks:
        ours = read(tmp_path / f"{name}.yaml")
        read_back = compiled["components"][f"comp-{name}"]
        assert read_back == without_descriptions(ours["components"][f"comp-{name}"])
        (executor,) = ours["deploymentSpec"]["executors"].values()
        kept = {key: executor["container"][key] for key in ("image", "command", "args")}
        assert compiled["deploymentSpec"]["executors"][f"exec-{name}"]["container"] == kept


def test_the_pipeline_in_the_documentation(tmp_path: Path) -> None:
    viewfinder.compile_components(tmp_path / "components")
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (block,) = [one for one in blocks if "load_component_from_file" in one]
    code = (
        f"{block}\nfrom kfp import compiler\ncompiler.Compiler().compile(count_photos, 'own.yaml')"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    tasks = read(tmp_path / "own.yaml")["root"]["dag"]["tasks"]
    assert set(tasks) == {"fingerprint", "validate", "preprocess"}


def test_every_step_has_a_file_with_its_image_and_descriptions(tmp_path: Path) -> None:
    paths = viewfinder.compile_components(tmp_path / "new" / "folder")
    assert [path.stem for path in paths] == list(STEPS)
    for path in paths:
        image = PREDICTOR_IMAGE if path.stem == "check" else STEPS_IMAGE
        assert container(path)["image"] == image
        inputs = read(path)["root"]["inputDefinitions"]
        for group in inputs.values():
            assert all(one["description"] for one in group.values())


def test_the_settings_file_names_the_images(tmp_path: Path) -> None:
    settings = tmp_path / "viewfinder.toml"
    settings.write_text(
        '[steps]\nimage = "registry/steps:1"\n[steps.check]\nimage = "registry/predictor:1"\n'
    )
    viewfinder.compile_components(tmp_path, settings=settings)
    assert container(tmp_path / "train.yaml")["image"] == "registry/steps:1"
    assert container(tmp_path / "check.yaml")["image"] == "registry/predictor:1"


def test_the_command_writes_the_same(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    viewfinder.compile_components(first)
    done = CliRunner().invoke(main, ["compile", "--components", str(second)])
    assert done.exit_code == 0, done.output
    for path in first.iterdir():
        assert (second / path.name).read_bytes() == path.read_bytes()
        assert f"wrote {second / path.name}" in done.output


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(viewfinder.PermanentError, match=str(tmp_path / "file")):
        viewfinder.compile_components(tmp_path / "file")
