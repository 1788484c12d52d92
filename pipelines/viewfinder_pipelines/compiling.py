"""Compile the pipeline, and read its parameters back."""

import inspect
import warnings
from collections.abc import Callable, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

from viewfinder_components.errors import PermanentError


def _to_bool(text: str) -> bool:
    values = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    try:
        return values[text.lower()]
    except KeyError as error:
        raise ValueError(text) from error


_CONVERT: dict[Any, Callable[[str], Any]] = {str: str, int: int, float: float, bool: _to_bool}
_DESCRIBE = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def compile_pipeline(path: Path) -> None:
    """Write the pipeline as KFP's YAML, without layers; the same source gives the same bytes."""
    import yaml  # type: ignore[import-untyped]
    from kfp import compiler

    from viewfinder_pipelines.flattening import flatten_conditions
    from viewfinder_pipelines.training import training_pipeline

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        compiler.Compiler().compile(training_pipeline, str(path))
    text = path.read_text()
    pipeline, *platforms = yaml.safe_load_all(text)
    flatten_conditions(pipeline)
    # The comment on top tells what the pipeline takes.
    comment = "".join(takewhile(lambda line: line.startswith("#"), text.splitlines(True)))
    path.write_text(comment + yaml.safe_dump_all([pipeline, *platforms], sort_keys=True))


def list_parameters() -> dict[str, inspect.Parameter]:
    """Return the pipeline's parameters by name, with their types and defaults."""
    from viewfinder_pipelines.training import training_pipeline

    return dict(inspect.signature(training_pipeline.pipeline_func).parameters)


def with_defaults(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return all of the pipeline's parameters, those not given with their defaults."""
    return {**{name: p.default for name, p in list_parameters().items()}, **arguments}


def parse_assignment(assignment: str) -> tuple[str, Any]:
    """Turn `key=value` into a pipeline parameter and a value of its type.

    Raises:
        PermanentError: No such parameter, or the value is not of its type.
    """
    name, separator, text = assignment.partition("=")
    known = list_parameters()
    if not separator or name not in known:
        raise PermanentError(
            "--set KEY=VALUE with a parameter of the pipeline",
            repr(assignment),
            f"use one of: {', '.join(known)}",
        )
    kind = known[name].annotation
    try:
        return name, _CONVERT[kind](text)
    except ValueError as error:
        raise PermanentError(
            f"{name} to be {_DESCRIBE[kind]}", repr(text), f"write --set {name}=VALUE again"
        ) from error
