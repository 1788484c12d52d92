"""Every component keeps its contract, and keeps it thin."""

import ast
import inspect
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

import viewfinder_components
from viewfinder_components.image import PREDICTOR_IMAGE, STEPS_IMAGE
from viewfinder_components.steps import STEPS
from viewfinder_pipelines.pipeline.components import load_components

FOLDER = Path(viewfinder_components.__file__).parent
COMPONENTS = load_components()
ARTIFACTS = {
    "fingerprint": ({}, {"listed_files": "Metrics"}),
    "validate": ({}, {"index": "Dataset", "pixels": "Dataset", "photo_counts": "Metrics",
                      "validation_report": "HTML"}),
    "preprocess": ({"index": "Dataset", "pixels": "Dataset"},
                   {"shards": "Dataset", "calibration_photos": "Dataset",
                    "reference_photos": "Dataset", "test_photos": "Dataset",
                    "split_counts": "Metrics"}),
    "train": ({"shards": "Dataset"}, {"model": "Model", "training_metrics": "Metrics"}),
    "evaluate": (
        {"model": "Model", "index": "Dataset", "shards": "Dataset"},
        {"evaluation": "Artifact", "test_metrics": "Metrics",
         "confusion_matrix_and_roc": "ClassificationMetrics", "evaluation_report": "HTML"},
    ),
    "export": ({"model": "Model", "evaluation": "Artifact", "calibration_photos": "Dataset",
                "reference_photos": "Dataset"},
               {"servable": "Model", "servable_facts": "Metrics"}),
    "check": (
        {"servable": "Model", "evaluation": "Artifact", "test_photos": "Dataset"},
        {"verdict": "Artifact", "latency_and_memory": "Metrics"},
    ),
    "publish": ({"servable": "Model", "verdict": "Artifact"}, {"published_version": "Metrics"}),
    "select": ({}, {"kept_evaluation": "Artifact", "selected_version": "Metrics"}),
    "deploy": ({"evaluation": "Artifact"},
               {"deployment": "Artifact", "deployment_metrics": "Metrics"}),
    "divide": ({}, {"file_count": "Metrics"}),
    "classify": ({}, {"shard_counts": "Metrics"}),
    "predict": ({}, {"prediction_counts": "Metrics"}),
}  # fmt: skip
OUTPUT_PARAMETERS = {
    "fingerprint": {"fingerprint": "STRING"},
    "evaluate": {"accepted": "BOOLEAN"},
    "publish": {"number": "NUMBER_INTEGER", "uri": "STRING"},
    "select": {"number": "NUMBER_INTEGER", "uri": "STRING"},
    "deploy": {"endpoint": "STRING"},
    "divide": {"job": "STRING", "shards": "LIST"},
    "predict": {"uri": "STRING"},
}


def specification(name: str) -> dict[str, Any]:
    """Return the component's own part of its compiled specification."""
    compiled = json_format.MessageToDict(COMPONENTS[name].pipeline_spec)
    return next(iter(compiled["components"].values()))


def titles(definitions: dict[str, Any]) -> dict[str, str]:
    return {
        name: value["artifactType"]["schemaTitle"].removeprefix("system.")
        for name, value in definitions.get("artifacts", {}).items()
    }


def test_every_step_has_its_component() -> None:
    assert COMPONENTS.keys() == STEPS.keys()


@pytest.mark.parametrize("name", COMPONENTS)
def test_contract(name: str) -> None:
    spec = specification(name)
    outputs = spec.get("outputDefinitions", {})
    assert name in ARTIFACTS, "write down its artifacts above"
    assert (titles(spec["inputDefinitions"]), titles(outputs)) == ARTIFACTS[name]
    kinds = {key: value["parameterType"] for key, value in outputs.get("parameters", {}).items()}
    assert kinds == OUTPUT_PARAMETERS.get(name, {})


@pytest.mark.parametrize("name", COMPONENTS)
def test_image_and_no_pip_at_run_time(name: str) -> None:
    executor = next(iter(COMPONENTS[name].pipeline_spec.deployment_spec["executors"].values()))
    container = executor["container"]
    assert container["image"] == (PREDICTOR_IMAGE if name == "check" else STEPS_IMAGE)
    assert "pip install" not in " ".join(container["command"])


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_input_is_described(name: str) -> None:
    definitions = specification(name)["inputDefinitions"]
    inputs = {**definitions.get("parameters", {}), **definitions.get("artifacts", {})}
    assert [name for name, one in inputs.items() if "description" not in one] == []


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_has_the_declared_defaults_and_descriptions(name: str) -> None:
    declared = STEPS[name].parameters
    signature = inspect.signature(COMPONENTS[name].python_func).parameters
    inputs = specification(name)["inputDefinitions"].get("parameters", {})
    assert inputs.keys() == declared.keys()
    for parameter in declared.values():
        assert inputs[parameter.name]["description"] == parameter.description
        assert inputs[parameter.name].get("isOptional", False) is not parameter.is_required
        if not parameter.is_required:
            assert signature[parameter.name].default == parameter.default
            assert inputs[parameter.name]["defaultValue"] == parameter.default


def component_bodies() -> list[tuple[str, ast.FunctionDef]]:
    bodies = []
    for path in sorted(FOLDER.glob("*/component.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                bodies.append((path.parent.name, node))
    return bodies


@pytest.mark.parametrize(("folder", "body"), component_bodies())
def test_body_imports_adapts_calls_and_tells_its_outcome(
    folder: str, body: ast.FunctionDef
) -> None:
    (work,) = [node for node in ast.walk(body) if isinstance(node, ast.With)]
    call = work.items[0].context_expr
    assert isinstance(call, ast.Call)
    assert ast.unparse(call.func) == "record_outcome"
    step, metrics = map(ast.unparse, call.args)
    assert step == f"'{body.name}'"
    assert body.name in ARTIFACTS, "write down its artifacts above"
    assert ARTIFACTS[body.name][1][metrics] == "Metrics"
    assert ast.unparse(work.body[-1]).startswith("outcome.succeed(")
    statements = [*body.body[1:], *work.body]  # without the docstring
    work_done = [node for node in statements if not isinstance(node, ast.ImportFrom)]
    assert len(work_done) <= 9, f"{folder}: the work belongs into a plain function"
    branches = (ast.If, ast.For, ast.While, ast.Try, ast.Match)
    assert not [node for node in ast.walk(body) if isinstance(node, branches)]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*/component.py")), ids=lambda p: p.parent.name)
def test_module_level_imports(path: Path) -> None:
    """Only what the step declares: compiling must not load what it does."""
    declarations = f"viewfinder_components.{path.parent.name}.config"
    allowed = {"kfp", "typing", declarations, "viewfinder_components.parameters"}
    imported = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom):
            imported.add(node.module)
        elif isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
    assert imported <= allowed
