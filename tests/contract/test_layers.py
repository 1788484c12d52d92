"""What the steps may import. A step is a folder with a `component.py`; no list names them."""

import importlib
import itertools
from pathlib import Path

import grimp
import pytest

import viewfinder_components
from viewfinder_components.step import Step
from viewfinder_components.steps import STEPS

COMPONENTS = "viewfinder_components"
GRAPH = grimp.build_graph(COMPONENTS, "viewfinder_client", "viewfinder_serving")
DEPLOYMENT = f"{COMPONENTS}.deployment"
FOLDERS = sorted(name.rsplit(".", 1)[0] for name in GRAPH.modules if name.endswith(".component"))


def imports(importer: str, imported: str) -> list[str]:
    """Return what a package imports from another one."""
    inside = GRAPH.find_descendants(imported) | {imported}
    return [
        f"{module} -> {other}"
        for module in sorted(GRAPH.find_descendants(importer) | {importer})
        for other in sorted(GRAPH.find_modules_directly_imported_by(module) & inside)
    ]


def test_every_folder_with_a_component_is_a_step() -> None:
    modules = [vars(importlib.import_module(f"{folder}.config")) for folder in FOLDERS]
    assert all(isinstance(module.get("STEP"), Step) for module in modules)
    declared = [one for module in modules for one in module.values() if isinstance(one, Step)]
    assert {step.name for step in declared} == set(STEPS), "steps.py lists every step"


def test_every_folder_with_a_component_is_a_package() -> None:
    """Without `__init__.py` no tool looks into it."""
    root = Path(viewfinder_components.__file__).parent
    written = {f"{COMPONENTS}.{path.parent.name}" for path in root.glob("*/component.py")}
    assert written - set(FOLDERS) == set(), "add __init__.py"


@pytest.mark.parametrize(("step", "other"), list(itertools.permutations(FOLDERS, 2)))
def test_no_step_imports_another_one(step: str, other: str) -> None:
    assert imports(step, other) == []


def test_what_every_step_uses_imports_no_step() -> None:
    ground = GRAPH.find_children(COMPONENTS) - set(FOLDERS) - {f"{COMPONENTS}.steps"}
    assert ground
    found = [imports(room, step) for room in sorted(ground) for step in FOLDERS]
    assert list(itertools.chain(*found)) == []


def test_nothing_below_the_pipelines_imports_all_steps() -> None:
    """Who imports `steps` imports every step."""
    assert GRAPH.find_modules_that_directly_import(f"{COMPONENTS}.steps") == set()


@pytest.mark.parametrize("package", ["viewfinder_client", "viewfinder_serving"])
def test_the_predictor_and_its_client_import_no_step(package: str) -> None:
    found = [imports(package, step) for step in FOLDERS]
    assert list(itertools.chain(*found)) == []


def test_a_deployment_target_is_known_in_one_place() -> None:
    """A target is a folder with a `target.py`; the rest of the step serves versions anywhere."""
    children = GRAPH.find_children(DEPLOYMENT)
    targets = {child for child in children if f"{child}.target" in GRAPH.modules}
    assert targets
    general = children - targets - {f"{DEPLOYMENT}.targets", f"{DEPLOYMENT}.kubernetes"}
    rooms = {*targets, f"{DEPLOYMENT}.kubernetes"}
    found = [imports(module, room) for module in sorted(general) for room in sorted(rooms)]
    found += [imports(target, other) for target, other in itertools.permutations(targets, 2)]
    found += [imports(f"{DEPLOYMENT}.kubernetes", target) for target in sorted(targets)]
    assert list(itertools.chain(*found)) == []
