"""Every phase of every step is explained, and announced when it begins."""

import ast
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from viewfinder_components.phases import describe_phase
from viewfinder_components.timing import Stopwatch
from viewfinder_components.training.config import FINE_TUNE

PACKAGES = Path(__file__).parents[2] / "components/viewfinder_components"


def find_calls(package: Path, name: str) -> Iterator[str]:
    """Yield the first argument of each call of `name` in a package, where it is a text."""
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            is_call = isinstance(node, ast.Call) and read_name(node.func) == name
            if is_call and node.args and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)


def read_name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def find_phases() -> list[tuple[str, str]]:
    packages = sorted(path for path in PACKAGES.iterdir() if path.is_dir())
    return [
        (step, phase)
        for package in packages
        for step in find_calls(package, "Stopwatch")
        for call in ("phase", "announce", "Phase")
        for phase in find_calls(package, call)
    ]


def test_the_source_has_phases() -> None:
    assert {"validate", "train", "export", "check", "deploy"} <= {step for step, _ in find_phases()}


@pytest.mark.parametrize(("step", "phase"), [*find_phases(), ("train", "scratch")])
def test_each_phase_is_explained(step: str, phase: str) -> None:
    assert describe_phase(step, phase)


def test_fine_tuning_is_explained() -> None:
    assert describe_phase("train", FINE_TUNE)


@pytest.mark.parametrize("step", ["train", "train-2", "train[0]", "train[0][1]"])
def test_a_step_may_be_there_several_times(step: str) -> None:
    assert describe_phase(step, "import") == "loading TensorFlow"


@pytest.mark.parametrize(("step", "phase"), [("bake", "import"), ("train", "bake")])
def test_steps_and_phases_of_others_are_not_explained(step: str, phase: str) -> None:
    assert describe_phase(step, phase) == ""


def test_a_phase_is_announced_and_timed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    watch = Stopwatch("export")
    with watch.phase("trace"):
        assert "export: tracing" in caplog.text
    assert watch.seconds["trace"] >= 0


def test_nothing_is_announced_that_has_no_explanation(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with Stopwatch("export").phase("bake"):
        pass
    assert caplog.text == ""
