"""The compiled pipeline: its golden file, its graph, and what importing it loads."""

import inspect
import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from viewfinder_components.deployment.component import deploy
from viewfinder_components.errors import UsageError
from viewfinder_components.image import PREDICTOR_IMAGE, STEPS_IMAGE
from viewfinder_components.parameters import configuration
from viewfinder_components.ranges import CountFromZero
from viewfinder_components.step import Role
from viewfinder_components.training.config import STEP as TRAIN
from viewfinder_pipelines.kubeflow.submission import MAIN_PARAMETERS, describe_parameters
from viewfinder_pipelines.pipeline.assignments import parse_assignment, parse_assignments
from viewfinder_pipelines.pipeline.compiling import compile_pipeline
from viewfinder_pipelines.pipeline.definition import PipelineDefinition as Definition
from viewfinder_pipelines.pipeline.registry import BATCH_PREDICTION, DEPLOYMENT, PIPELINES, TRAINING

STEPS = [step.name for step in TRAINING.steps]
GOLDEN = Path(__file__).parent / "golden"


def compiled(tmp_path: Path, pipeline: Definition = TRAINING) -> dict[str, Any]:
    path = tmp_path / "pipeline.yaml"
    compile_pipeline(path, pipeline)
    spec: dict[str, Any] = next(iter(yaml.safe_load_all(path.read_text())))
    return spec


@pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda pipeline: pipeline.label)
def test_golden(pipeline: Definition, tmp_path: Path) -> None:
    """A change of the compiled pipeline is seen in review: `make golden` writes it again."""
    compile_pipeline(tmp_path / "pipeline.yaml", pipeline)
    name = pipeline.label
    golden = GOLDEN / f"{name}.yaml"
    assert golden.is_file(), "run `make golden`"
    assert (tmp_path / "pipeline.yaml").read_text() == golden.read_text(), "run `make golden`"


@pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda pipeline: pipeline.label)
def test_the_steps_are_known_without_compiling(pipeline: Definition, tmp_path: Path) -> None:
    spec = compiled(tmp_path, pipeline)
    executors = spec["deploymentSpec"]["executors"]
    assert {name.removeprefix("exec-") for name in executors} == {
        step.name for step in pipeline.steps
    }


@pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda pipeline: pipeline.label)
def test_the_kfp_sdk_compiles_the_function_itself(pipeline: Definition, tmp_path: Path) -> None:
    """As `create_run_from_pipeline_func` does before it submits."""
    from kfp.compiler import Compiler

    path = tmp_path / "by-kfp.yaml"
    Compiler().compile(pipeline.load(), str(path))
    own, by_kfp = compiled(tmp_path, pipeline), next(iter(yaml.safe_load_all(path.read_text())))
    assert by_kfp["root"]["inputDefinitions"] == own["root"]["inputDefinitions"]
    assert by_kfp["deploymentSpec"]["executors"].keys() == own["deploymentSpec"]["executors"].keys()


def test_the_deployment_pipeline_has_the_parameters_of_training() -> None:
    """Both are set in the same settings file: same names, same types, same defaults."""
    training = TRAINING.parameters
    deployment = DEPLOYMENT.parameters
    assert set(deployment) - set(training) == {"version", "compare"}
    shared = set(deployment) & set(training)
    assert {name: deployment[name] for name in shared} == {name: training[name] for name in shared}


def test_the_deployment_pipeline_looks_at_the_world_anew_and_survives_a_killed_pod(
    tmp_path: Path,
) -> None:
    spec = compiled(tmp_path, DEPLOYMENT)
    found = spec["root"]["dag"]["tasks"]
    assert set(found) == {"select", "deploy"}
    assert not [name for name, part in spec["components"].items() if "dag" in part]
    assert not any(task.get("cachingOptions") for task in found.values())
    assert all("retryPolicy" in task for task in found.values())
    assert found["deploy"]["dependentTasks"] == ["select"]


@pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda pipeline: pipeline.label)
def test_the_uis_page_explains_what_most_runs_set(pipeline: Definition, tmp_path: Path) -> None:
    compile_pipeline(tmp_path / "pipeline.yaml", pipeline)
    lines = describe_parameters(tmp_path / "pipeline.yaml").splitlines()
    explained = [line.split("`")[1] for line in lines if line.startswith("- ")]
    known = pipeline.parameters
    required = {name for name, one in known.items() if one.is_required}
    assert required <= set(explained)
    assert explained == [name for name in MAIN_PARAMETERS if name in known]
    assert len(lines) <= 12, "the UI's panel does not scroll"


def test_every_main_parameter_is_one_of_a_pipeline() -> None:
    known = {name for pipeline in PIPELINES for name in pipeline.parameters}
    assert set(MAIN_PARAMETERS) <= known


def tasks(tmp_path: Path) -> dict[str, Any]:
    """Every task of the compiled pipeline."""
    spec = compiled(tmp_path)
    found: dict[str, Any] = spec["root"]["dag"]["tasks"]
    return found


def test_the_graph_is_flat_and_its_lines_are_those_of_the_diagram(tmp_path: Path) -> None:
    spec = compiled(tmp_path)
    assert not [name for name, part in spec["components"].items() if "dag" in part]
    diagram = Path(__file__).parents[2] / "docs" / "images" / "pipeline.svg"
    drawn = set(re.findall(r'<path id="(\w+)-to-(\w+)"', diagram.read_text("utf-8")))
    compiled_tasks = tasks(tmp_path)
    lines = {
        (before, after)
        for after, task in compiled_tasks.items()
        for before in task.get("dependentTasks", ())
    }
    assert set(itertools.chain(*lines)) == set(STEPS), "correct docs/images/pipeline.svg"
    drawn_steps = {(before, after) for before, after in drawn if {before, after} <= set(STEPS)}
    assert drawn_steps == lines, "correct the lines between steps in docs/images/pipeline.svg"


@pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda pipeline: pipeline.label)
def test_the_step_that_tells_a_refusal_waits_for_the_gate(
    pipeline: Definition, tmp_path: Path
) -> None:
    gates = [step.name for step in pipeline.steps if step.role is Role.GATE]
    assert bool(pipeline.gated) is bool(gates)
    if gates:
        gated = compiled(tmp_path, pipeline)["root"]["dag"]["tasks"][pipeline.gated]
        assert f"{gates[0]}--accepted" in gated["triggerPolicy"]["condition"]


def test_the_gate_holds_what_comes_after_it(tmp_path: Path) -> None:
    accepted = "inputs.parameter_values['evaluate--accepted'] == true"
    conditions = {
        name: task["triggerPolicy"]["condition"]
        for name, task in tasks(tmp_path).items()
        if "triggerPolicy" in task
    }
    assert conditions == {
        "export": accepted,
        "check": accepted,
        "publish": accepted,
        "deploy": f"{accepted} && inputs.parameter_values['deploy'] == true",
    }


@pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda pipeline: pipeline.label)
def test_every_parameter_is_described_in_the_run_form(pipeline: Definition, tmp_path: Path) -> None:
    spec = compiled(tmp_path, pipeline)
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    assert set(parameters) == set(pipeline.parameters)
    assert [name for name, one in parameters.items() if not one.get("description")] == []
    assert spec["pipelineInfo"]["displayName"] == pipeline.title


@pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda pipeline: pipeline.label)
def test_artifacts_are_told_apart_by_their_names(pipeline: Definition, tmp_path: Path) -> None:
    spec = compiled(tmp_path, pipeline)
    names = [
        name
        for part in spec["components"].values()
        for name in part.get("outputDefinitions", {}).get("artifacts", {})
    ]
    assert len(names) == len(set(names))
    assert not {"metrics", "report"} & set(names)


def test_only_train_and_evaluate_download_every_photo(tmp_path: Path) -> None:
    readers: dict[str, set[str]] = {}
    for name, task in tasks(tmp_path).items():
        for source in task.get("inputs", {}).get("artifacts", {}).values():
            output = source.get("taskOutputArtifact") or {}
            if output.get("producerTask") in ("validate", "preprocess"):
                readers.setdefault(output["outputArtifactKey"], set()).add(name)
    assert readers == {
        "index": {"preprocess", "evaluate"},
        "pixels": {"preprocess"},
        "shards": {"train", "evaluate"},
        "calibration_photos": {"export"},
        "reference_photos": {"export"},
        "test_photos": {"check"},
    }


def test_a_pod_that_is_killed_is_started_again(tmp_path: Path) -> None:
    retried = {name for name, task in tasks(tmp_path).items() if "retryPolicy" in task}
    assert retried == set(STEPS) - {"validate"}, "name the step in `retry` in pipeline/training.py"


def test_every_setting_of_the_deploy_step_is_one_of_the_pipeline(tmp_path: Path) -> None:
    given = set(tasks(tmp_path)["deploy"]["inputs"]["parameters"])
    assert given == set(inspect.signature(deploy.python_func).parameters) - {
        "evaluation", "deployment", "deployment_metrics", "compare",
    } | {"deploy", "evaluate--accepted"}  # fmt: skip


def test_what_depends_on_the_outside_is_never_cached(tmp_path: Path) -> None:
    uncached = {n for n, task in tasks(tmp_path).items() if not task.get("cachingOptions")}
    assert uncached == {"fingerprint", "evaluate", "check", "publish", "deploy"}


def test_the_cached_steps_depend_on_the_state_of_the_photos(tmp_path: Path) -> None:
    """Kubeflow's cache compares the inputs of validate, among them what fingerprint returned."""
    found = tasks(tmp_path)
    source = found["validate"]["inputs"]["parameters"]["photos_fingerprint"]
    assert source["taskOutputParameter"] == {
        "producerTask": "fingerprint",
        "outputParameterKey": "fingerprint",
    }
    assert found["validate"]["dependentTasks"] == ["fingerprint"]
    places = ("data", "layout", "corrections")
    listed, read = (found[name]["inputs"]["parameters"] for name in ("fingerprint", "validate"))
    assert listed == {name: read[name] for name in places}


def test_every_image_is_ours(tmp_path: Path) -> None:
    spec = compiled(tmp_path)
    images = {e["container"]["image"] for e in spec["deploymentSpec"]["executors"].values()}
    assert images == {STEPS_IMAGE, PREDICTOR_IMAGE}


def test_importing_the_pipelines_loads_neither_tensorflow_nor_a_step() -> None:
    code = (
        "import sys, viewfinder_pipelines.pipeline.training as t;"
        "heavy = {'tensorflow', 'keras', 'openvino', 'sklearn', 'pyarrow', 'kserve', 'PIL'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("epochs=3", ("epochs", 3)),
        ("learning_rate=1e-4", ("learning_rate", 1e-4)),
        ("augment=true", ("augment", True)),
        ("augment=no", ("augment", False)),
        ("weights=a=b", ("weights", "a=b")),
    ],
)
def test_assignment(assignment: str, expected: tuple[str, object]) -> None:
    assert parse_assignment(assignment) == expected


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        (
            "epochs=many",
            "expected epochs to be a whole number of at least 1, received 'many'",
        ),
        ("augment=maybe", "expected augment to be true or false"),
        ("epoch=3", "received 'epoch'; did you mean epochs?"),
        ("learning-rate=3", "did you mean learning_rate?"),
        ("quux=3", "received 'quux'; `viewfinder parameters` lists all of them"),
        ("=3", "received ''; `viewfinder parameters`"),
        ("compare=no", "omit it: only the deployment pipeline has it"),
        ("epochs", "received 'epochs' without a value; write --set epochs=VALUE"),
        ("epochs=", "epochs to be a whole number of at least 1, received ''"),
    ],
)
def test_wrong_assignment(assignment: str, sentence: str) -> None:
    with pytest.raises(UsageError, match="expected") as caught:
        parse_assignment(assignment)
    assert sentence in str(caught.value)


def test_a_parameter_that_is_set_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="--set epochs= twice; omit one of them"):
        parse_assignments(["epochs=3", "seed=1", "epochs=4"])


def passed_parameters(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each task outside and inside of loops, with the pipeline's parameters that it gets."""
    for name, task in spec["root"]["dag"]["tasks"].items():
        passed = read_passed(task)
        yield name, passed
        loop = spec["components"][task["componentRef"]["name"]].get("dag", {}).get("tasks", {})
        for inner, inner_task in loop.items():
            given = read_passed(inner_task).items()
            yield inner, {name: passed[source] for name, source in given if source in passed}


def read_passed(task: dict[str, Any]) -> dict[str, str]:
    """Return which parameters of the graph around it a task gets, by its names for them."""
    inputs = task.get("inputs", {}).get("parameters", {})
    source = "componentInputParameter"
    return {name: given[source] for name, given in inputs.items() if source in given}


def test_shards_are_classified_in_a_loop(tmp_path: Path) -> None:
    spec = compiled(tmp_path, BATCH_PREDICTION)
    found = spec["root"]["dag"]["tasks"]
    loop = spec["components"][found["for-loop-1"]["componentRef"]["name"]]["dag"]["tasks"]
    assert (set(found), set(loop)) == ({"divide", "for-loop-1", "predict"}, {"classify"})
    assert found["for-loop-1"]["dependentTasks"] == ["divide"]
    assert found["predict"]["dependentTasks"] == ["for-loop-1"]  # which implies divide
    steps = [found["divide"], found["predict"], loop["classify"]]
    assert not any(task.get("cachingOptions") for task in steps)
    assert all("retryPolicy" in task for task in steps)
    assert not any("triggerPolicy" in task for task in (*steps, found["for-loop-1"]))


@pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda pipeline: pipeline.label)
def test_a_parameter_reaches_every_step_that_has_it(tmp_path: Path, pipeline: Definition) -> None:
    """An error that says "raise tolerance" must not name what its step never sees."""
    passed_to = dict(passed_parameters(compiled(tmp_path, pipeline)))
    for step in pipeline.steps:
        passed = passed_to[step.name]
        shared = step.parameters.keys() & pipeline.parameters.keys()
        assert shared or not step.parameters, step.name
        assert {name: passed.get(name) for name in shared} == {name: name for name in shared}


def test_what_is_not_exposed_is_a_parameter_of_a_step() -> None:
    pipeline = Definition("own", "", "own:own", (TRAIN,), not_exposed=frozenset({"epoch"}))
    with pytest.raises(UsageError, match="received epoch, which no step has"):
        _ = pipeline.parameters


def test_a_pipelines_default_has_the_range_of_its_step() -> None:
    @configuration
    class Own:
        epochs: CountFromZero = 0

    pipeline = Definition("own", "", "own:own", steps=(TRAIN,), own=(Own,))
    with pytest.raises(UsageError, match=r"epochs to be .* of at least 1 in .* as in its step"):
        _ = pipeline.parameters
