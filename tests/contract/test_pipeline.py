"""The compiled pipeline: its golden file, its graph, and what importing it loads."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from viewfinder_components.errors import PermanentError
from viewfinder_components.image import PREDICTOR_IMAGE, STEPS_IMAGE
from viewfinder_pipelines.compiling import compile_pipeline, parse_assignment

GOLDEN = Path(__file__).parent / "golden" / "training.yaml"


def compiled(tmp_path: Path) -> str:
    path = tmp_path / "pipeline.yaml"
    compile_pipeline(path)
    return path.read_text()


def test_golden(tmp_path: Path) -> None:
    """A change of the compiled pipeline is seen in review: `make golden` writes it again."""
    assert compiled(tmp_path) == GOLDEN.read_text()


def test_graph(tmp_path: Path) -> None:
    spec = next(iter(yaml.safe_load_all(compiled(tmp_path))))
    components = spec["components"]
    assert set(spec["root"]["dag"]["tasks"]) == {"exit-handler-1", "report"}
    body = components["comp-exit-handler-1"]["dag"]["tasks"]
    assert set(body) == {"validate", "preprocess", "train", "evaluate", "condition-2"}
    gated = components["comp-condition-2"]["dag"]["tasks"]
    assert set(gated) == {"export", "check", "publish"}
    assert "check" in gated["publish"]["dependentTasks"]


def test_what_depends_on_the_outside_is_never_cached(tmp_path: Path) -> None:
    spec = next(iter(yaml.safe_load_all(compiled(tmp_path))))
    tasks = {
        name: task
        for component in spec["components"].values()
        for name, task in component.get("dag", {}).get("tasks", {}).items()
    }
    uncached = {name for name, task in tasks.items() if task.get("cachingOptions") == {}}
    assert uncached == {"evaluate", "check", "publish"}


def test_every_image_is_ours(tmp_path: Path) -> None:
    spec = next(iter(yaml.safe_load_all(compiled(tmp_path))))
    images = {e["container"]["image"] for e in spec["deploymentSpec"]["executors"].values()}
    assert images == {STEPS_IMAGE, PREDICTOR_IMAGE}


def test_importing_the_pipelines_loads_neither_tensorflow_nor_a_step() -> None:
    code = (
        "import sys, viewfinder_pipelines.training as t;"
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
        ("epochs=many", "expected epochs to be a whole number, received 'many'"),
        ("augment=maybe", "expected augment to be true or false"),
        ("epoch=3", "use one of: data, model_root"),
        ("epochs", "received 'epochs'"),
    ],
)
def test_wrong_assignment(assignment: str, sentence: str) -> None:
    with pytest.raises(PermanentError, match="expected") as caught:
        parse_assignment(assignment)
    assert sentence in str(caught.value)
