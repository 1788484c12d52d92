"""What the public interface refuses before it does anything: wrong types, and empty texts."""

import inspect
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import viewfinder
from viewfinder.arguments import checked, read_hints
from viewfinder_components.parameters import configuration
from viewfinder_components.ranges import Count

REQUIRED = {
    "model_version": "fruit/1",
    "model": "fruit",
    "photos": "a.jpg",
    "data": "photos",
    "output": "out.parquet",
    "comparison": "comparison.json",
    "endpoint": "http://127.0.0.1:9",
    "run_id": "x",
    "path": "a.yaml",
    "name": "nightly",
    "host": "http://127.0.0.1:9",
    "namespace": "team",
    "prometheus": "http://127.0.0.1:9",
    "figures": [],
    "explanations": [],
    "folder": "components",
    "pipeline": viewfinder.TRAINING,
    "step": "bake",
    "metrics": SimpleNamespace(path="metrics", metadata={}),
    "uri": "minio://mlpipeline/a",
    "result": viewfinder.RunResult("r", "local", "failed", "2026-01-01T00:00:00+00:00", 1.0, {}),
}
KUBEFLOW = viewfinder.KubeflowPipelines(host="http://127.0.0.1:9")
OWNERS = (KUBEFLOW, viewfinder.SubmittedRun("x", KUBEFLOW))
DECORATORS = {"configuration"}  # what they decorate is not an argument that anybody passes
FUNCTIONS = [
    *filter(
        inspect.isfunction,
        (getattr(viewfinder, name) for name in sorted({*viewfinder.__all__} - DECORATORS)),
    ),
    *(
        getattr(owner, name)
        for owner in OWNERS
        for name, _ in inspect.getmembers(type(owner), inspect.isfunction)
        if not name.startswith("_")
    ),
]
NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def arguments() -> list[tuple[Callable[..., Any], str]]:
    return [
        (function, name)
        for function in FUNCTIONS
        for name, one in inspect.signature(function).parameters.items()
        if one.kind in NAMED
    ]


def call(function: Callable[..., Any], name: str, value: object) -> None:
    needed = {
        one.name: REQUIRED[one.name]
        for one in inspect.signature(function).parameters.values()
        if one.default is inspect.Parameter.empty and one.kind in NAMED
    }
    function(**{**needed, name: value})


@pytest.mark.parametrize(("function", "name"), arguments())
def test_a_value_of_another_type_is_named(function: Callable[..., Any], name: str) -> None:
    with pytest.raises(viewfinder.ParameterError, match=rf"^expected {name} to be ") as caught:
        call(function, name, object())
    assert caught.value.remedy == f"choose another value for {name}"


TEXTS = [
    (function, name)
    for function, name in arguments()
    if "str" in str(read_hints(getattr(function, "__func__", function))[name])
    and "Mapping" not in str(read_hints(getattr(function, "__func__", function))[name])
    and name not in ("served", "namespaces", "progress")
]


@pytest.mark.parametrize(("function", "name"), TEXTS)
def test_an_empty_text_does_not_stand_for_the_default(
    function: Callable[..., Any], name: str
) -> None:
    with pytest.raises(viewfinder.UsageError, match=name):
        call(function, name, "")


@pytest.mark.parametrize(
    "function", [viewfinder.run, viewfinder.resume, viewfinder.compile_pipeline, KUBEFLOW.submit]
)
def test_a_text_is_no_pipeline(function: Callable[..., Any]) -> None:
    with pytest.raises(viewfinder.PermanentError) as caught:
        call(function, "pipeline", "training")
    assert str(caught.value) == (
        "expected pipeline to be a PipelineDefinition, such as viewfinder.TRAINING, received "
        "'training'; choose another value for pipeline"
    )


@pytest.mark.parametrize("name", ["host", "namespace", "experiment", "cache", "settings"])
def test_the_fields_of_an_installation(name: str) -> None:
    with pytest.raises(viewfinder.ParameterError, match=f"{name} to be "):
        viewfinder.KubeflowPipelines(**{name: object()})  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [0, -1, True, 1.5])
def test_a_rollback_goes_to_a_version_that_there_can_be(number: Any) -> None:
    with pytest.raises(
        viewfinder.ParameterError, match="number to be a whole number of at least 1"
    ):
        viewfinder.rollback("fruit", number=number)


@pytest.mark.parametrize("function", [viewfinder.rollback, viewfinder.undeploy])
def test_no_time_at_all(function: Callable[..., Any]) -> None:
    with pytest.raises(viewfinder.ParameterError, match="timeout_seconds to be a whole number"):
        function("fruit", timeout_seconds=0)


def test_what_is_given_explicitly_is_not_replaced_by_a_default() -> None:
    here = viewfinder.KubeflowPipelines(host="", namespace="")
    assert here.with_default_host("http://other") is here
    assert here.with_default_namespace("other") is here


@checked
def _several(numbers: list[int], flag: bool = False) -> list[int]:
    return numbers if flag else []


def test_pythons_own_words_for_a_missing_argument() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'numbers'"):
        _several()  # type: ignore[call-arg]


def test_numpys_truth_is_pythons() -> None:
    assert _several([1], np.bool_(True)) == [1]  # type: ignore[arg-type]


def test_lists_may_be_tuples_or_iterators_but_no_texts(tmp_path: Path) -> None:
    for served in (("1",), iter(["1"]), [np.int64(1)], {1}):
        with pytest.raises(viewfinder.PermanentError, match="a published version of fruit"):
            viewfinder.prune_versions("fruit", model_root=tmp_path, served=served)  # type: ignore[arg-type]
    with pytest.raises(
        viewfinder.ParameterError, match="served to be a list of strings or whole numbers"
    ):
        viewfinder.prune_versions("fruit", model_root=tmp_path, served=[object()])  # type: ignore[list-item]


def test_a_parameter_is_given_once(tmp_path: Path) -> None:
    with pytest.raises(viewfinder.UsageError, match="epochs in parameters and as a keyword"):
        viewfinder.run(tmp_path, parameters={"epochs": 3}, epochs=4)


@pytest.mark.parametrize("function", [viewfinder.run, viewfinder.deploy, KUBEFLOW.submit])
def test_the_names_of_parameters_are_texts(function: Callable[..., Any]) -> None:
    with pytest.raises(viewfinder.ParameterError) as caught:
        call(function, "parameters", {3: 1})
    assert str(caught.value) == (
        "expected parameters to be a mapping from names to values, received {3: 1}; "
        "choose another value for parameters"
    )


@configuration
class _Tenants:
    home: Count = 1
    listener: Count = 1
    parameters: Count = 1


TENANTS = viewfinder.PipelineDefinition("tenants", "", "own:own", steps=(), own=(_Tenants,))


@pytest.mark.parametrize("name", ["home", "listener", "parameters"])
def test_a_parameter_that_is_called_like_an_argument(name: str, tmp_path: Path) -> None:
    with pytest.raises(
        viewfinder.ParameterError, match=f"{name} to be a whole number of at least 1"
    ):
        viewfinder.run(pipeline=TENANTS, home=tmp_path, parameters={name: 0})


def test_a_predictor_is_asked_at_its_address() -> None:
    url = "http://127.0.0.1:9"
    predictor = viewfinder.RunningPredictor(url, 0)
    with pytest.raises(viewfinder.TransientError, match=f"a predictor at {url}"):
        list(viewfinder.predict("a.jpg", predictor))


def test_answers_go_into_sets() -> None:
    answers = [viewfinder.Prediction("a.jpg", "cat", {"cat": 0.9, "dog": 0.1}) for _ in range(2)]
    assert len({*answers, viewfinder.Unanswered("b.jpg", "there is no such file")}) == 2
