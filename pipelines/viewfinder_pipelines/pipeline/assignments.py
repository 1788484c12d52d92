"""Parse a pipeline's parameters: from `--set NAME=VALUE`, the settings file's table, and Python."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from viewfinder_components.errors import ParameterError, UsageError
from viewfinder_components.parameters import Parameter
from viewfinder_components.spelling import write_command
from viewfinder_pipelines.pipeline.definition import PipelineDefinition
from viewfinder_pipelines.pipeline.registry import PIPELINES, TRAINING


def _to_bool(text: str) -> bool:
    values = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    try:
        return values[text.lower()]
    except KeyError as error:
        raise ValueError(text) from error


_CONVERT: dict[Any, Callable[[str], Any]] = {str: str, int: int, float: float, bool: _to_bool}


def parse_assignments(
    assignments: Sequence[str], pipeline: PipelineDefinition = TRAINING
) -> dict[str, Any]:
    """Parse every `--set NAME=VALUE` of a command into a parameter and a value of its type.

    Raises:
        UsageError: One is not of that form, names an unknown parameter or one named before, or
            its value is not of the parameter's type.
    """
    given: dict[str, Any] = {}
    for assignment in assignments:
        name, value = parse_assignment(assignment, pipeline)
        if name in given:
            raise UsageError(
                "--set once for each parameter", f"--set {name}= twice", "omit one of them"
            )
        given[name] = value
    return given


def parse_assignment(assignment: str, pipeline: PipelineDefinition = TRAINING) -> tuple[str, Any]:
    """Parse `NAME=VALUE` into a pipeline parameter and a value of its type.

    Raises:
        UsageError: It is not of that form, there is no such parameter, or the value is not of its
            type.
    """
    name, separator, text = assignment.partition("=")
    parameter = find_parameter(name, pipeline)
    if not separator:
        raise UsageError(
            "--set NAME=VALUE", f"{assignment!r} without a value", f"write --set {name}=VALUE"
        )
    return name, _convert(parameter, text)


def parse_table(
    table: Mapping[str, Any], pipeline: PipelineDefinition = TRAINING
) -> dict[str, Any]:
    """Parse the settings file's `[parameters]` into parameters and values of their types.

    The file serves every pipeline: other pipelines ignore what only the training pipeline has.

    Raises:
        UsageError: There is no such parameter, or a value is not of its type.
    """
    try:
        return {
            name: _convert(find_parameter(name, pipeline), str(value))
            for name, value in table.items()
            if name in pipeline.parameters or name not in TRAINING.parameters
        }
    except UsageError as error:
        received = f"{error.received} under [parameters] in the settings file"
        raise UsageError(error.expected, received, error.remedy) from error


def need_parameters(
    arguments: Mapping[str, Any], pipeline: PipelineDefinition = TRAINING
) -> dict[str, Any]:
    """Return values set in Python code as kfp takes them.

    A `Path` becomes a text, a numpy number a Python one, and a whole number for a parameter that
    may have any number a float.

    Raises:
        UsageError: There is no such parameter.
    """
    return {
        name: _to_plain(value, find_parameter(name, pipeline)) for name, value in arguments.items()
    }


def _to_plain(value: Any, parameter: Parameter) -> Any:
    if isinstance(value, Path):
        return str(value)
    plain = value.item() if getattr(value, "ndim", None) == 0 else value
    if parameter.kind is float and isinstance(plain, int) and not isinstance(plain, bool):
        with suppress(OverflowError):  # the check of its range refuses it
            return float(plain)
    return plain


def find_parameter(name: str, pipeline: PipelineDefinition) -> Parameter:
    """Return a parameter of a pipeline by name.

    Raises:
        UsageError: There is none; the remedy suggests one.
    """
    known = pipeline.parameters
    if name in known:
        return known[name]
    expected, remedy = (
        f"a parameter of the {pipeline.label} pipeline",
        _advise(name, known, pipeline),
    )
    for other in PIPELINES:
        if name in other.parameters:
            remedy = f"omit it: only the {other.label} pipeline has it"
    raise UsageError(expected, repr(name), remedy)


def _advise(name: str, known: Mapping[str, Any], pipeline: PipelineDefinition) -> str:
    """Return which parameter may be meant, and where all of them are listed."""
    near = get_close_matches(name.strip().lower().replace("-", "_"), known, n=1)
    command = (
        write_command("parameters")
        if pipeline is TRAINING
        else write_command("parameters", "--pipeline", pipeline.label)
    )
    listed = f"`{command}` lists all of them"
    return f"did you mean {near[0]}? {listed}" if near else listed


def _convert(parameter: Parameter, text: str) -> Any:
    try:
        return _CONVERT[parameter.kind](text)
    except ValueError as error:
        raise ParameterError(parameter.name, parameter.rule, text) from error
