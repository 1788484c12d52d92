"""Conditions become those of single tasks, and kfp.local still follows them."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from kfp import compiler, components, dsl, local

from viewfinder_pipelines.pipeline.flattening import flatten_conditions


@dsl.component(base_image="python", install_kfp_package=False)
def look(number: int) -> bool:
    return number > 1


@dsl.component(base_image="python", install_kfp_package=False)
def tell(folder: str, name: str, words: dsl.Output[dsl.Dataset]):
    from pathlib import Path

    (Path(folder) / name).touch()
    Path(words.path).write_text(name)


@dsl.component(base_image="python", install_kfp_package=False)
def repeat(words: dsl.Input[dsl.Dataset], folder: str, name: str):
    from pathlib import Path

    (Path(folder) / name).write_text(Path(words.path).read_text())


@dsl.pipeline(name="layers")
def layers(folder: str, number: int, loud: bool):
    told = tell(folder=folder, name="always")
    large = look(number=number)
    large.after(told)
    with dsl.If(large.output == True):  # noqa: E712
        first = repeat(words=told.outputs["words"], folder=folder, name="first")
        with dsl.If(loud == True):  # noqa: E712
            second = repeat(words=told.outputs["words"], folder=folder, name="second")
            second.after(first)


@dsl.component(base_image="python", install_kfp_package=False)
def weigh(number: int) -> NamedTuple("Weight", [("is_large", bool)]):  # type: ignore[valid-type]
    return (number > 1,)


@dsl.pipeline(name="looped")
def looped(folder: str, number: int, loud: bool):
    told = tell(folder=folder, name="always")
    large = weigh(number=number)
    with dsl.If(large.outputs["is_large"] == True):  # noqa: E712
        with dsl.ParallelFor(["first", "second"]) as name:
            repeat(words=told.outputs["words"], folder=folder, name=name)
        with dsl.If(loud == True), dsl.ParallelFor(["third"]) as name:  # noqa: E712
            repeat(words=told.outputs["words"], folder=folder, name=name)
    with dsl.If(number > 1), dsl.If(loud == True), dsl.ParallelFor(["fourth"]) as name:  # noqa: E712
        tell(folder=folder, name=name)


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return flattened(layers, tmp_path_factory.mktemp("flat"))


def flattened(function: Any, folder: Path) -> Path:
    path = folder / "pipeline.yaml"
    compiler.Compiler().compile(function, str(path))
    pipeline = yaml.safe_load(path.read_text())
    flatten_conditions(pipeline)
    path.write_text(yaml.safe_dump(pipeline))
    return path


def tasks(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())["root"]["dag"]["tasks"]
    return found


def test_no_layer_is_left(flat: Path) -> None:
    assert set(tasks(flat)) == {"tell", "look", "repeat", "repeat-2"}
    parts = yaml.safe_load(flat.read_text())["components"]
    assert not [name for name, part in parts.items() if "dag" in part]


def test_inputs_come_from_where_they_are_made(flat: Path) -> None:
    inner = tasks(flat)["repeat-2"]["inputs"]
    assert inner["artifacts"]["words"]["taskOutputArtifact"]["producerTask"] == "tell"
    assert inner["parameters"]["folder"] == {"componentInputParameter": "folder"}


def test_lines_that_others_imply_are_left_out(flat: Path) -> None:
    assert tasks(flat)["repeat"]["dependentTasks"] == ["look"]
    assert tasks(flat)["repeat-2"]["dependentTasks"] == ["repeat"]


@pytest.mark.parametrize(
    ("number", "loud", "expected"),
    [
        (1, True, {"always"}),
        (2, False, {"always", "first"}),
        (2, True, {"always", "first", "second"}),
    ],
)
def test_conditions_hold_on_this_machine(
    flat: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    loud: bool,
    expected: set[str],
) -> None:
    assert run_here(flat, tmp_path, monkeypatch, number=number, loud=loud) == expected


@pytest.mark.parametrize(
    ("number", "loud", "expected"),
    [
        (1, True, {"always"}),
        (2, False, {"always", "first", "second"}),
        (2, True, {"always", "first", "second", "third", "fourth"}),
    ],
)
def test_a_condition_around_a_loop_holds_on_this_machine(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    loud: bool,
    expected: set[str],
) -> None:
    path = flattened(looped, tmp_path)
    assert run_here(path, tmp_path, monkeypatch, number=number, loud=loud) == expected


def run_here(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **arguments: object
) -> set[str]:
    """Return the names of the steps that ran."""
    folder = tmp_path / "told"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # kfp's components leave a folder there
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(tmp_path / "root"))
    components.load_component_from_file(str(path))(folder=str(folder), **arguments)
    return {path.name for path in folder.iterdir()}
