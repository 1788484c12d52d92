"""The mistakes of a pipeline's author are reported in sentences, before anything is done."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import viewfinder
from viewfinder import STEPS, PipelineDefinition

SELECT = STEPS["select"]
MODULE = """
from kfp import dsl
from viewfinder_components.selection.component import select

@dsl.pipeline(name="own")
def own(model_root: str, model_name: str = "fruit", version: int = 0) -> None:
    select(model_root=model_root, model_name=model_name, version=version)

def plain() -> None: ...
"""


@viewfinder.configuration
class Nested:
    """A parameter of a type that no parameter may have."""

    folders: dict[str, str]


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "own_module.py").write_text(MODULE)
    (tmp_path / "broken_module.py").write_text("import no_such_library\n")
    yield
    for name in ("own_module", "broken_module"):
        sys.modules.pop(name, None)


def define(**changed: Any) -> PipelineDefinition:
    fields = {"name": "own", "summary": "", "function": "own_module:own", "steps": (SELECT,)}
    return PipelineDefinition(**{**fields, **changed})


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "expected name to be a string that is not empty, received ''"),
        ("name", 3, "expected name to be a string that is not empty, received 3"),
        ("summary", None, "expected summary to be a string, received None"),
        ("gated", 3, "expected gated to be a string, received 3"),
        ("function", "own", "as 'module:function', received 'own'"),
        ("function", print, "as 'module:function', received <built-in function print>"),
        ("steps", ("select",), r"expected steps to be steps, such as .*, received 'select'"),
        ("steps", SELECT, r"expected steps to be a tuple of steps.*write steps=\(ONE, ANOTHER\)"),
        ("steps", (viewfinder.Step("bake", (dict,)),), "configs of the step bake to be classes"),
        ("own", Nested, r"expected own to be a tuple of classes .*, received <class .*Nested"),
        ("own", (dict,), "expected own to be classes that viewfinder.configuration decorates"),
        ("not_exposed", "version", "expected not_exposed to be a set of strings"),
        ("not_exposed", {3}, "expected not_exposed to be a set of strings"),
        ("not_exposed", [["version"]], r"to be a set of strings, received \[\['version'\]\]"),
        ("steps", (viewfinder.Step(["a"], ()),), "name of a step to be a string .* received .*'a'"),
    ],
)
def test_a_field_of_another_form(field: str, value: object, sentence: str) -> None:
    with pytest.raises(viewfinder.ParameterError, match=sentence) as caught:
        define(**{field: value})
    assert caught.value.remedy


def test_lists_are_as_good_as_tuples() -> None:
    assert define(steps=[SELECT], not_exposed=["version"]) == define(
        not_exposed=frozenset({"version"})
    )
    assert "version" not in define(not_exposed=["version"]).parameters


def test_a_parameter_of_a_type_that_none_may_have() -> None:
    with pytest.raises(viewfinder.UsageError, match="folders: a parameter is text, a number"):
        _ = define(own=(Nested,)).parameters


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        ("no_module:own", "the module no_module of the pipeline own, received no module no_module"),
        ("own_module.inner:own", "the module own_module.inner of the pipeline own"),
        ("own_module:other", "dsl.pipeline at own_module:other, .* received nothing"),
        ("own_module:plain", "received function plain; decorate plain with @dsl.pipeline"),
    ],
)
def test_a_function_that_is_missing(function: str, sentence: str, tmp_path: Path) -> None:
    pipeline, home = define(function=function, steps=()), tmp_path / "home"
    with pytest.raises(viewfinder.UsageError, match=sentence):
        viewfinder.compile_pipeline(tmp_path / "own.yaml", pipeline=pipeline)
    with pytest.raises(viewfinder.UsageError, match=sentence):
        viewfinder.run(pipeline=pipeline, home=home)
    assert viewfinder.list_runs(home=home) == []
    assert not list(home.glob("runs/*"))


def test_an_error_of_the_authors_module_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        define(function="broken_module:own").load()


def test_a_right_definition_is_compiled(tmp_path: Path) -> None:
    path = viewfinder.compile_pipeline(tmp_path / "own.yaml", pipeline=define())
    assert "name: own" in path.read_text("utf-8")
