"""What a pipeline's definition must be: its author's mistakes are reported in sentences."""

import importlib
import re
from collections.abc import Collection, Mapping
from dataclasses import is_dataclass
from types import ModuleType
from typing import Any

from viewfinder_components.errors import ParameterError, UsageError
from viewfinder_components.step import Step

_FUNCTION = re.compile(r"\w+(\.\w+)*:\w+")


def need_text(name: str, value: object, *, may_be_empty: bool = False) -> None:
    """Refuse what is not a string.

    Raises:
        ParameterError: It is not a string, or it is empty although it may not be.
    """
    if not isinstance(value, str) or not (value or may_be_empty):
        rule = "a string" if may_be_empty else "a string that is not empty"
        raise ParameterError(name, rule, value)


def need_function(value: object) -> None:
    """Refuse what cannot be the place of a function.

    Raises:
        ParameterError: It is not of the form `module:function`.
    """
    if not isinstance(value, str) or not _FUNCTION.fullmatch(value):
        rule = "the place of the function as 'module:function'"
        raise ParameterError("function", rule, value, "write f'{__name__}:FUNCTION'")


def need_steps(value: object) -> tuple[Step, ...]:
    """Return a pipeline's steps.

    Raises:
        ParameterError: They are not a tuple or list of steps.
    """
    steps = _need_list("steps", value, "a tuple of steps, such as viewfinder.STEPS['train']")
    for step in steps:
        if not isinstance(step, Step):
            raise ParameterError("steps", "steps, such as viewfinder.STEPS['train']", step)
        need_text("the name of a step", step.name)
        need_configurations(f"configs of the step {step.name}", step.configs)
    return steps


def need_configurations(name: str, value: object) -> tuple[type[Any], ...]:
    """Return classes that declare parameters.

    Raises:
        ParameterError: They are not a tuple or list of such classes.
    """
    rule = "classes that viewfinder.configuration decorates"
    classes = _need_list(name, value, f"a tuple of {rule}")
    for one in classes:
        if not isinstance(one, type) or not _is_configuration(one):
            raise ParameterError(
                name, rule, one, "decorate the class with viewfinder.configuration"
            )
    return classes


def need_names(name: str, value: object) -> frozenset[str]:
    """Return names of parameters.

    Raises:
        ParameterError: They are not a set of strings.
    """
    if isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping):
        names = tuple(value)
        if all(isinstance(one, str) for one in names):  # not all values can be in a set
            return frozenset(names)
    raise ParameterError(name, "a set of strings", value)


def _need_list(name: str, value: object, rule: str) -> tuple[Any, ...]:
    if not isinstance(value, tuple | list):
        raise ParameterError(name, rule, value, f"write {name}=(ONE, ANOTHER), or {name}=(ONE,)")
    return tuple(value)


def _is_configuration(one: type[Any]) -> bool:
    return is_dataclass(one) and hasattr(one, "__pydantic_fields__")


def load_function(pipeline: str, place: str) -> Any:
    """Import a pipeline's function.

    Args:
        pipeline: The pipeline's name.
        place: `module:function`.

    Returns:
        The function, in the form kfp gave it.

    Raises:
        UsageError: There is no such module or function, or `dsl.pipeline` does not decorate it.
    """
    name, function = place.split(":")
    found = getattr(_import(pipeline, name), function, None)
    if not hasattr(found, "pipeline_spec"):
        raise UsageError(
            f"a function decorated with kfp's dsl.pipeline at {place}, for the pipeline {pipeline}",
            "nothing" if found is None else f"{type(found).__name__} {function}",
            f"decorate {function} with @dsl.pipeline, or correct the definition's function",
        )
    return found


def _import(pipeline: str, name: str) -> ModuleType:
    """Import a module; an error of the module itself stays as it is, for its author."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise UsageError(
            f"the module {name} of the pipeline {pipeline}",
            f"no module {error.name}",
            "correct the definition's function, or start Python in the folder of the module",
        ) from error
