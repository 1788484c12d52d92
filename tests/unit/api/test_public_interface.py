"""The names that users import, all of which are in one file."""

import ast
import inspect
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import viewfinder
from viewfinder_components.formats.evaluation import write_evaluation
from viewfinder_components.formats.training import write_training


@pytest.mark.parametrize("name", sorted(set(viewfinder.__all__) - {"__version__"}))
def test_every_name_is_there_and_described(name: str) -> None:
    described = getattr(viewfinder, name)
    if inspect.isclass(described) or inspect.isfunction(described):
        assert inspect.getdoc(described)


@pytest.mark.parametrize(
    "name", [name for name in viewfinder.__all__ if inspect.isfunction(getattr(viewfinder, name))]
)
def test_every_argument_is_described(name: str) -> None:
    function = getattr(viewfinder, name)
    text = inspect.getdoc(function) or ""
    for parameter in inspect.signature(function).parameters:
        assert f"{parameter}: " in text, parameter


def test_the_stub_lists_what_it_imports() -> None:
    stub = ast.parse(Path(viewfinder.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    (listed,) = [ast.literal_eval(one.value) for one in stub.body if isinstance(one, ast.Assign)]
    assert sorted(listed) == sorted(viewfinder.__all__)


def test_the_page_names_everything() -> None:
    page = Path("docs/python.md").read_text(encoding="utf-8")
    assert [name for name in viewfinder.__all__ if f"`{name}`" not in page] == []


def _methods() -> list[tuple[str, str]]:
    classes = (viewfinder.KubeflowPipelines, viewfinder.SubmittedRun)
    return [
        (one.__name__, name)
        for one in classes
        for name, _ in inspect.getmembers(one, inspect.isfunction)
        if not name.startswith("_")
    ]


@pytest.mark.parametrize(("owner", "name"), _methods())
def test_every_argument_of_a_method_is_described(owner: str, name: str) -> None:
    method = getattr(getattr(viewfinder, owner), name)
    for parameter in set(inspect.signature(method).parameters) - {"self"}:
        assert f"{parameter}: " in (inspect.getdoc(method) or ""), parameter


def test_importing_it_imports_nothing_heavy() -> None:
    heavy = ("tensorflow", "kfp", "kubernetes", "pydantic", "httpx", "matplotlib", "yaml")
    code = f"import sys, viewfinder; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_naming_its_parts_imports_nothing_slow() -> None:
    """What a function needs is imported when it is called: a script may never call it."""
    slow = ("tensorflow", "kfp", "kubernetes", "matplotlib", "pyarrow", "numpy", "IPython", "PIL")
    code = (
        "import sys, viewfinder\n"
        "for name in viewfinder.__all__: getattr(viewfinder, name)\n"
        f"print([name for name in {slow!r} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_parameter_that_the_pipeline_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(viewfinder.UsageError, match="did you mean epochs"):
        viewfinder.run(tmp_path, epoch=3, home=tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_a_value_of_another_type(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(viewfinder.ParameterError, match="epochs to be a whole number"):
        viewfinder.run(tmp_path / "photos", epochs="3", home=tmp_path / "home")


def test_no_photos(tmp_path: Path) -> None:
    with pytest.raises(viewfinder.UsageError, match="training photos"):
        viewfinder.run(home=tmp_path)


def test_a_run_that_is_not_there(tmp_path: Path) -> None:
    assert viewfinder.list_runs(home=tmp_path) == []
    with pytest.raises(viewfinder.PermanentError):
        viewfinder.load_run("20260101", home=tmp_path)


def test_a_pipeline_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = viewfinder.compile_pipeline("below/own.yaml", pipeline=viewfinder.DEPLOYMENT)
    assert "viewfinder-deployment" in path.read_text(encoding="utf-8")
    with pytest.raises(viewfinder.UsageError, match=r"ends in \.yaml"):
        viewfinder.compile_pipeline("own.json")


def test_nothing_is_pruned_unless_it_is_said_what_is_served(tmp_path: Path) -> None:
    with pytest.raises(viewfinder.UsageError, match="none of them; name the namespaces"):
        viewfinder.prune_versions("fruit", model_root=tmp_path, keep=1)


def test_places_may_be_text_or_paths(tmp_path: Path) -> None:
    assert viewfinder.list_runs(home=str(tmp_path)) == viewfinder.list_runs(home=tmp_path)
    with pytest.raises(viewfinder.PermanentError, match="a published version of fruit"):
        viewfinder.list_versions("fruit", model_root=tmp_path)
    with pytest.raises(viewfinder.PermanentError, match=r"gone\.toml"):
        viewfinder.compile_pipeline(tmp_path / "a.yaml", settings=str(tmp_path / "gone.toml"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("epochs", np.int64(0)), ("learning_rate", np.float32(-1)), ("min_accuracy", np.float64(2))],
)
def test_numbers_of_numpys_are_read_as_pythons(name: str, value: object, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(viewfinder.ParameterError, match=name) as caught:
        viewfinder.run(tmp_path / "photos", home=tmp_path / "home", **{name: value})
    assert "np." not in str(caught.value)


def test_a_boolean_of_numpys_is_one(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(viewfinder.ParameterError, match="epochs"):
        viewfinder.run(
            tmp_path / "photos", home=tmp_path / "home", augment=np.bool_(True), epochs=0
        )


def test_a_text_is_no_list_of_what_is_served(tmp_path: Path) -> None:
    for one in ({"served": "12"}, {"namespaces": "prod"}):
        with pytest.raises(viewfinder.UsageError, match="to be a list"):
            viewfinder.prune_versions("fruit", model_root=tmp_path, keep=1, **one)


def test_a_settings_file_that_is_missing_is_told_before_anything_is_done() -> None:
    with pytest.raises(viewfinder.PermanentError, match=r"gone\.toml"):
        viewfinder.KubeflowPipelines(settings="gone.toml")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"data": 3}, "data to be"),
        ({"model_root": 3}, "model_root to be"),
        ({"epochs": np.array([1, 2])}, "epochs to be a whole number"),
        ({"listener": 3}, "listener to be a function"),
    ],
)
def test_values_of_other_types_are_refused(
    given: dict[str, object], sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a").mkdir()
    (tmp_path / "photos" / "a" / "1.jpg").write_bytes(b"no photo")
    with pytest.raises(viewfinder.UsageError, match=sentence):
        viewfinder.run(**{"data": tmp_path / "photos", "home": tmp_path / "home", **given})


def test_an_unknown_purpose() -> None:
    with pytest.raises(viewfinder.UsageError, match="purpose to be run or deploy"):
        viewfinder.verify_installation("nonsense")  # type: ignore[arg-type]


def test_a_record_is_shown_in_a_line() -> None:
    parameters = dict.fromkeys(viewfinder.TRAINING.parameters, "x" * 1000)
    result = viewfinder.RunResult("r-1", "local", "failed", "2026-01-01", 1.0, parameters)
    assert repr(result) == "RunResult('r-1', 'failed')"
    assert repr(viewfinder.TRAINING) == "PipelineDefinition('viewfinder-training')"


def test_an_interruption_is_pickled_with_its_record() -> None:
    record = viewfinder.RunResult("r-1", "local", "interrupted", "", 1.0, {})
    again = pickle.loads(pickle.dumps(viewfinder.RunInterrupted(record)))  # noqa: S301
    assert (again.result, str(again)) == (record, "run r-1 was interrupted")


def test_an_evaluation_is_read_in_a_component_of_ones_own(tmp_path: Path) -> None:
    write_evaluation(tmp_path, {"labels": ["cat", "dog"], "accepted": True})
    for folder in (tmp_path, str(tmp_path)):
        assert viewfinder.read_evaluation(folder)["accepted"] is True
    with pytest.raises(viewfinder.PermanentError, match=r"evaluation\.json"):
        viewfinder.read_evaluation(tmp_path / "gone")


def test_a_record_of_training_is_read_in_a_component_of_ones_own(tmp_path: Path) -> None:
    write_training(tmp_path, {"history": [{"epoch": 1}], "best_epoch": 1, "backbone": "scratch"})
    for folder in (tmp_path, str(tmp_path)):
        assert viewfinder.read_training(folder)["backbone"] == "scratch"
    with pytest.raises(viewfinder.PermanentError, match=r"training\.json"):
        viewfinder.read_training(tmp_path / "gone")


def test_a_working_directory_that_was_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIEWFINDER_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    tmp_path.rmdir()
    for call in (viewfinder.list_runs, lambda: viewfinder.compile_components("folder")):
        with pytest.raises(viewfinder.PermanentError, match="change to another directory"):
            call()


def test_a_home_below_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(viewfinder.PermanentError, match=f"{tmp_path}/below/runs/r-1"):
        viewfinder.load_run("r-1", home="~/below")
