"""The table of a pipeline's parameters, from where they are declared.

Names, types and defaults are those of the pipeline's signature, descriptions those of its
docstring. Ranges are what the steps' own checks say when they refuse a value.
"""

import inspect
from dataclasses import dataclass
from typing import Any

from viewfinder_components.errors import ParameterError
from viewfinder_pipelines.pipeline.assignments import TYPES
from viewfinder_pipelines.pipeline.compiling import Pipeline, list_parameters, with_defaults
from viewfinder_pipelines.pipeline.parameters import (
    check_parameters,
    to_deploy_config,
    to_select_config,
)

_REQUIRED = {"data": "photos", "model_root": "s3://bucket/models"}
_REFUSED: dict[Any, Any] = {int: -1, float: -1.0, str: "ftp://no such place/?!"}
"""Of each type, a value that every parameter with a range refuses."""


@dataclass(frozen=True)
class ParameterRow:
    """What a user has to know about a parameter."""

    name: str
    values: str
    """Its type and range, such as `a whole number from 1 to 9`."""
    default: str
    """As `--set` takes it; `required` where there is none."""
    description: str
    """One paragraph of Markdown."""


def tabulate_parameters(pipeline: Pipeline) -> list[ParameterRow]:
    """Return a row for each parameter of a pipeline, in the order of its signature."""
    described = pipeline.load().pipeline_spec.root.input_definitions.parameters
    return [
        ParameterRow(
            name,
            _name_values(parameter, pipeline),
            _write(parameter.default),
            " ".join(described[name].description.split()),
        )
        for name, parameter in list_parameters(pipeline).items()
    ]


def to_markdown(rows: list[ParameterRow]) -> str:
    """Return the rows as a table in Markdown."""
    head = "| name | type and range | default | what it does |\n|---|---|---|---|\n"
    return head + "".join(
        f"| `{row.name}` | {row.values} | {_quote(row.default)} | {row.description} |\n"
        for row in rows
    )


def _name_values(parameter: inspect.Parameter, pipeline: Pipeline) -> str:
    """Return a parameter's type and range: the rule by which a wrong value is refused."""
    kind = parameter.annotation
    if kind in _REFUSED:
        try:
            _check({**_REQUIRED, parameter.name: _REFUSED[kind]}, pipeline)
        except ParameterError as error:
            return f"text: {error.rule}" if kind is str else error.rule
    return TYPES[kind]


def _check(given: dict[str, Any], pipeline: Pipeline) -> None:
    parameters = with_defaults(given, pipeline)
    if pipeline is Pipeline.TRAINING:
        check_parameters({**parameters, "deploy": False})
    else:
        to_deploy_config(parameters, f"{_REQUIRED['model_root']}/model/1", 1)
        to_select_config({**parameters, "model_root": _REQUIRED["model_root"]})


def _write(default: Any) -> str:
    if default is inspect.Parameter.empty:
        return "required"
    return str(default).lower() if isinstance(default, bool) else str(default)


def _quote(default: str) -> str:
    return default if default == "required" else f"`{default}`" if default else "empty"
