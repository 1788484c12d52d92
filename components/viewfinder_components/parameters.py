"""A step's parameters: each is declared once, as a field of the step's configuration.

    @configuration
    class TrainConfig:
        epochs: Count = 100
        '''Largest number of passes over the training photos.'''

The field is the parameter's name, type, range and default; the text below it, up to the first empty
line, is its description. The component's defaults and descriptions, the pipelines' parameters, the
command line and the documentation come from there.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, replace
from typing import Any, Literal, TypeVar, dataclass_transform, get_args, get_origin

import pydantic.dataclasses
from annotated_types import Ge, Gt, Le, Lt
from pydantic import ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from viewfinder_components.errors import ParameterError
from viewfinder_components.ranges import Advice, Text

KINDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
"""What the types of parameters are called."""

INTERNAL = object()
"""Marks a field, in its type's `Annotated`, that is no parameter of a step."""

# What pydantic calls a call with the wrong arguments.
_MISUSES = ("missing", "missing_argument", "unexpected_keyword_argument")

_Config = TypeVar("_Config")
_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Parameter:
    """What there is to know about a parameter."""

    name: str
    kind: type
    """One of `KINDS`."""
    rule: str
    """Which values it takes, such as `"a whole number from 1 to 9"`."""
    default: Any
    """`MISSING` where it must be given."""
    description: str

    @property
    def is_required(self) -> bool:
        """Whether it must be given."""
        return self.default is MISSING


@dataclass_transform(frozen_default=True)
def configuration(cls: type[_Config]) -> type[_Config]:
    """Make a class a frozen dataclass whose values are held to their types.

    Wrong values raise `ParameterError`, missing and unknown names `TypeError`.
    """
    rules = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )
    made = pydantic.dataclasses.dataclass(cls, frozen=True, config=rules)
    initialise = made.__init__

    def __init__(self: Any, *values: Any, **named: Any) -> None:  # noqa: N807
        try:
            initialise(self, *values, **named)
        except ValidationError as error:
            raise _translate(error, made) from None

    made.__init__ = __init__  # type: ignore[method-assign]
    return made  # type: ignore[return-value]  # it is the class's own dataclass


def read_parameters(*configs: type[Any], internal: bool = False) -> dict[str, Parameter]:
    """Return the parameters of configurations by name, in order.

    Args:
        configs: Classes made by `configuration`.
        internal: Whether to list the fields as well that are no parameters.

    Of a parameter that two of them declare, the first description is taken.

    Raises:
        TypeError: Two of them declare a parameter with different types, ranges or defaults.
    """
    found: dict[str, Parameter] = {}
    for config in configs:
        described = config.__pydantic_fields__
        for field in fields(config):
            info = described[field.name]
            if internal or INTERNAL not in info.metadata:
                declared = _read(field, info)
                first = found.setdefault(field.name, declared)
                if replace(declared, description=first.description) != first:
                    raise TypeError(f"{config.__name__}.{field.name} is declared differently")
    return found


def build_config(config: type[_Config], arguments: Mapping[str, Any]) -> _Config:
    """Make a configuration of those arguments that are its parameters.

    Raises:
        ParameterError: A value is out of its range.
    """
    return config(**{name: arguments[name] for name in read_parameters(config)})


def declares(*configs: type[Any]) -> Callable[[_Function], _Function]:
    """Give a component's function its parameters' defaults and descriptions.

    KFP ships the function's source, so names and types stand in its signature; they are held to
    the declarations when the component is imported.

    Args:
        configs: What declares the function's parameters: all of those that are no artifacts.
    """

    def complete(function: _Function) -> _Function:
        declared = read_parameters(*configs)
        written = {
            name: parameter.annotation
            for name, parameter in inspect.signature(function).parameters.items()
            if parameter.annotation in KINDS
        }
        wanted = {name: parameter.kind for name, parameter in declared.items()}
        if differing := sorted({name for name, _ in written.items() ^ wanted.items()}):
            raise TypeError(
                f"the parameters of {function.__name__} differ from their declarations: "
                f"{', '.join(differing)}"
            )
        ordered = [declared[name] for name in written]
        if ordered != sorted(ordered, key=lambda parameter: not parameter.is_required):
            raise TypeError(f"{function.__name__}: a parameter without a default stands behind one")
        function.__defaults__ = tuple(one.default for one in ordered if not one.is_required)
        function.__doc__ = describe(inspect.getdoc(function) or "", declared.values())
        return function

    return complete


def describe(docstring: str, parameters: Iterable[Parameter]) -> str:
    """Return a docstring with parameters added to its section `Args`."""
    lines = "\n".join(f"    {one.name}: {one.description}" for one in parameters)
    before, heading, after = docstring.partition("Args:\n")
    if not heading:
        return f"{docstring}\n\nArgs:\n{lines}"
    artifacts, *rest = after.split("\n\n", 1)
    return "\n\n".join([f"{before}{heading}{artifacts}\n{lines}", *rest])


def _read(field: Field[Any], info: FieldInfo) -> Parameter:
    kind: Any = info.annotation
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    kind = type(choices[0]) if choices else kind
    description = " ".join((info.description or "").split("\n\n")[0].split())
    return Parameter(
        field.name, kind, _name_rule(kind, choices, info.metadata), field.default, description
    )


def _name_rule(kind: type, choices: tuple[Any, ...], metadata: list[Any]) -> str:
    """Return which values a parameter takes, from the constraints of its type."""
    if choices:
        named = [choice or "empty" for choice in sorted(choices, key=lambda choice: not choice)]
        return f"{', '.join(named[:-1])} or {named[-1]}"
    for constraint in metadata:
        if isinstance(constraint, Text):
            return constraint.rule
    bounds = {type(constraint): constraint for constraint in metadata}
    if not bounds:
        return KINDS[kind]
    lowest = f"above {bounds[Gt].gt:g}" if Gt in bounds else f"from {_write(bounds[Ge].ge)}"
    highest = f"below {bounds[Lt].lt:g}" if Lt in bounds else _write(bounds[Le].le)
    if Gt in bounds:
        highest = highest if Lt in bounds else f"at most {highest}"
        return f"{KINDS[kind]} {lowest} and {highest}"
    return f"{KINDS[kind]} {lowest} to {highest}"


def _write(bound: Any) -> str:
    return f"{bound}" if isinstance(bound, int) else f"{bound:g}"


def _translate(error: ValidationError, config: type[Any]) -> Exception:
    """Return pydantic's first finding as an error of ours."""
    found = error.errors(include_url=False)[0]
    place = found["loc"][0]
    name = fields(config)[place].name if isinstance(place, int) else str(place)
    described: Mapping[str, FieldInfo] = config.__pydantic_fields__
    if found["type"] in _MISUSES:
        return TypeError(f"{config.__name__}: {found['msg']}: {name}")
    advice = [one for one in described[name].metadata if isinstance(one, Advice)]
    remedy = advice[0].compose(name, found["input"]) if advice else ""
    rule = read_parameters(config, internal=True)[name].rule
    return ParameterError(name, rule, found["input"], remedy)
