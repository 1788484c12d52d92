"""The notebooks run from top to bottom, and are as they should be read."""

import ast
import os
import re
import shutil
import sys
from pathlib import Path

import nbformat
import psutil
import pytest
from nbclient import NotebookClient
from tests.fixtures.loopback import running
from tests.kubeflow.recorder.replay import ReplayServer

import viewfinder

FOLDER = Path(__file__).parents[2] / "notebooks"
RECORDED = Path(__file__).parents[1] / "kubeflow/recorded"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MODULES = sorted(FOLDER.glob("*.py"))
COMPONENT = re.compile(r"viewfinder_components\.\w+\.component")
NEEDS_KUBEFLOW = "2-the-same-pipeline-on-kubeflow"
PUBLIC = {*viewfinder.__all__}
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read_code(path: Path) -> list[ast.Module]:
    cells = nbformat.read(path, 4).cells
    return [ast.parse(cell.source) for cell in cells if cell.cell_type == "code"]


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@each_notebook
def test_nothing_of_a_run_is_saved(path: Path) -> None:
    for cell in nbformat.read(path, 4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        assert not cell.metadata


@each_notebook
def test_it_defines_nothing(path: Path) -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    nodes = [node for cell in read_code(path) for node in ast.walk(cell)]
    assert [node for node in nodes if isinstance(node, kinds)] == []


@each_notebook
def test_it_calls_the_public_interface_only(path: Path) -> None:
    nodes = [node for cell in read_code(path) for node in ast.walk(cell)]
    used = {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "viewfinder"
    }
    assert used
    assert used <= PUBLIC
    imported = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name for name in imported if name.startswith("viewfinder_")} == set()


def read_calls(path: Path, name: str) -> list[ast.Call]:
    nodes = [node for cell in read_code(path) for node in ast.walk(cell)]
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    return [call for call in calls if getattr(call.func, "attr", "") == name]


def read_arguments(path: Path, call: str, name: str) -> set[object]:
    arguments = [one for found in read_calls(path, call) for one in found.keywords]
    return {ast.literal_eval(one.value) for one in arguments if one.arg == name}


def test_notebooks_in_one_home_publish_different_models() -> None:
    names = [name for path in NOTEBOOKS for name in read_arguments(path, "run", "model_name")]
    assert len(names) >= 3
    assert len(names) == len(set(names))


@each_notebook
def test_it_replaces_the_predictions_of_its_earlier_run(path: Path) -> None:
    calls = read_calls(path, "predict_batch")
    assert read_arguments(path, "predict_batch", "overwrite") == ({True} if calls else set())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_of_a_notebook_uses_public_names_and_components_only(path: Path) -> None:
    nodes = [*ast.walk(ast.parse(path.read_text("utf-8")))]
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    names = {name.name for one in imports if one.module == "viewfinder" for name in one.names}
    assert names
    assert names <= PUBLIC
    others = {str(one.module) for one in imports if one.module != "viewfinder"}
    others |= {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    assert [
        one for one in others if one.startswith("viewfinder") and not COMPONENT.match(one)
    ] == []


def run_notebook(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, end: str = "") -> None:
    """Run a notebook in a folder, and look at what its cells show.

    Args:
        path: The notebook.
        folder: Where it runs.
        monkeypatch: Sets what it finds in the environment.
        end: The heading before which it ends; empty for the whole notebook.
    """
    monkeypatch.setenv("VIEWFINDER_HOME", str(folder / "home"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
    notebook = nbformat.read(path, 4)
    if end:
        headings = [cell.source.partition("\n")[0] for cell in notebook.cells]
        del notebook.cells[headings.index(end) :]
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}})
    client.execute()  # raises with the traceback of the cell that failed
    for cell in notebook.cells:
        if cell.cell_type == "code" and isinstance(ast.parse(cell.source).body[-1], ast.Expr):
            assert cell.outputs, cell.source
        for output in cell.get("outputs", ()):
            assert output.get("name") != "stderr", output.text
    assert psutil.Process().children(recursive=True) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
@each_notebook
def test_it_runs_from_top_to_bottom(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if path.stem == NEEDS_KUBEFLOW:
        pytest.skip("runs in a cluster: tests/cluster/test_notebook_server.py")
    for module in FOLDER.glob("*.py"):
        shutil.copy(module, tmp_path)
    run_notebook(path, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("address", ["api", "ui"])
def test_a_run_on_kubeflow_is_submitted_and_followed(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Played from recordings, which have neither the artifacts nor the service."""
    for name in [name for name in os.environ if name.startswith("KFP_")]:
        monkeypatch.delenv(name)
    shutil.copy(RECORDED / "viewfinder.toml", tmp_path)
    with running(ReplayServer(RECORDED / address / "success.json.xz")) as server:
        monkeypatch.setenv("KFP_HOST", server.url)
        path = FOLDER / f"{NEEDS_KUBEFLOW}.ipynb"
        run_notebook(path, tmp_path, monkeypatch, end="## How good is it?")
