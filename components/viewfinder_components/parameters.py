"""A step's parameters: each is declared once, as a field of the step's configuration.

    @configuration
    class TrainConfig:
        epochs: Count = 100
        '''Maximum number of passes over the training photos.'''

The field gives the parameter's name, type, range and default. The text below it, up to the first
empty line, is its description; without one, its type's (`Described`). The component's defaults and
descriptions, the pipelines' parameters, the command line and the documentation come from there.
"""

import ast
import functools
import inspect
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, replace
from typing import Any, Literal, TypeVar, dataclass_transform, get_args, get_origin

import pydantic.dataclasses
from annotated_types import Ge, Gt, Le, Lt
from pydantic import ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from viewfinder_components.errors import ParameterError
from viewfinder_components.ranges import UNREACHED, Advice, Described, Text
from viewfinder_components.spelling import spell

KINDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
"""The names of parameter types."""

INTERNAL = object()
"""Marks a field, in its type's `Annotated`, that is not a parameter of a step."""

# pydantic's error types for a call with the wrong arguments.
_MISUSES = (
    "missing",
    "missing_argument",
    "unexpected_keyword_argument",
    "unexpected_positional_argument",
    "multiple_argument_values",
)

_Config = TypeVar("_Config")
_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Parameter:
    """Everything about a parameter."""

    name: str
    kind: type
    """One of `KINDS`."""
    rule: str
    """Which values it accepts, such as `"a whole number from 1 to 9"`."""
    default: Any
    """`MISSING` if it is required."""
    description: str

    @property
    def is_required(self) -> bool:
        """Whether it is required."""
        return self.default is MISSING


@dataclass_transform(frozen_default=True)
def configuration(cls: type[_Config]) -> type[_Config]:
    """Make a class a frozen dataclass whose values are checked against their types.

    Wrong values raise `ParameterError`, missing and unknown names `TypeError`.

    Args:
        cls: The class: a field's type is the parameter's range, and the text below the field its
            description.
    """
    rules = ConfigDict(
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_default=True,
    )
    made = pydantic.dataclasses.dataclass(cls, frozen=True, config=rules)
    for name, text in _read_descriptions(cls).items():
        field = made.__pydantic_fields__.get(name)  # a class variable is none
        if field is not None and field.description is None:
            field.description = text
    initialise = made.__init__

    @functools.wraps(initialise)
    def __init__(self: Any, *values: Any, **named: Any) -> None:  # noqa: N807
        try:
            initialise(self, *values, **named)
        except ValidationError as error:
            raise _translate(error, made) from None

    made.__init__ = __init__  # type: ignore[method-assign]
    return made  # type: ignore[return-value]  # it is the class's own dataclass


def _read_descriptions(cls: type[Any]) -> dict[str, str]:
    """Return the text below each field; nothing for a class whose source is in no file.

    pydantic's `use_attribute_docstrings` does the same, but looks for the source by searching all
    modules that are loaded, which takes 10 ms for each configuration.
    """
    try:
        source = inspect.getsource(cls)
    except (OSError, TypeError):
        return {}
    # A class in a function is indented. It is not dedented, as its texts may not be indented.
    tree = ast.parse(f"if True:\n{source}" if source[0].isspace() else source)
    body = next(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)).body
    return {
        field.target.id: inspect.cleandoc(below.value.value)
        for field, below in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
        if isinstance(below.value.value, str)
    }


def read_parameters(*configs: type[Any], internal: bool = False) -> dict[str, Parameter]:
    """Return the parameters of configurations by name, in order.

    Args:
        configs: Classes made by `configuration`.
        internal: Whether to include the fields that are not parameters.

    If two of them declare a parameter, the first description is used.

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
    """Make a configuration from the arguments that belong to it; other fields keep their defaults.

    Raises:
        ParameterError: A value is out of range.
        TypeError: An argument without a default is missing.
    """
    return config(**{n: arguments[n] for n in read_parameters(config) if n in arguments})


def declares(*configs: type[Any]) -> Callable[[_Function], _Function]:
    """Give a component's function its parameters' defaults and descriptions.

    KFP ships the function's source, so names and types are in its signature; they are checked
    against the declarations when the component is imported.

    Args:
        configs: What declares the function's parameters: all of those that are not artifacts.
    """

    def complete(function: _Function) -> _Function:
        declared = read_parameters(*configs)
        signature = inspect.signature(function)
        _need_agreement(function.__name__, signature, declared)
        function.__defaults__ = _order_defaults(function.__name__, signature, declared)
        function.__doc__ = describe(inspect.getdoc(function) or "", declared.values())
        return function

    return complete


def _need_agreement(
    name: str, signature: inspect.Signature, declared: Mapping[str, Parameter]
) -> None:
    written = {
        parameter: one.annotation
        for parameter, one in signature.parameters.items()
        if one.annotation in KINDS
    }
    wanted = {parameter: one.kind for parameter, one in declared.items()}
    differing = {
        **dict.fromkeys(wanted.keys() - written.keys(), "missing in the signature"),
        **dict.fromkeys(written.keys() - wanted.keys(), "not declared"),
        **{
            one: f"{written[one].__name__} in the signature, {wanted[one].__name__} as declared"
            for one in wanted.keys() & written.keys()
            if written[one] is not wanted[one]
        },
    }
    if differing:
        told = "; ".join(f"{one} is {what}" for one, what in sorted(differing.items()))
        raise TypeError(f"the parameters of {name} differ from their declarations: {told}")


def _order_defaults(
    name: str, signature: inspect.Signature, declared: Mapping[str, Parameter]
) -> tuple[Any, ...]:
    """Return the defaults of a function's last parameters, in Python's form."""
    defaults: list[Any] = []
    for parameter, one in signature.parameters.items():
        default = declared[parameter].default if parameter in declared else MISSING
        if one.default is not inspect.Parameter.empty:
            if parameter in declared or one.default is not None:
                raise TypeError(
                    f"{name}: the default of {parameter} belongs only in its declaration"
                )
            default = None  # an artifact that need not be there
        if default is not MISSING:
            defaults.append(default)
        elif defaults:
            raise TypeError(f"{name}: {parameter} has no default, so it must precede those that do")
    return tuple(defaults)


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
    if kind not in KINDS:
        raise TypeError(f"{field.name}: a parameter is text, a number or true or false")
    described = [one.text for one in info.metadata if isinstance(one, Described)]
    text = info.description or (described[0] if described else "")
    return Parameter(
        name=field.name,
        kind=kind,
        rule=_name_rule(kind, choices, info.metadata),
        default=field.default,
        description=" ".join(text.split("\n\n")[0].split()),
    )


def _name_rule(kind: type, choices: tuple[Any, ...], metadata: list[Any]) -> str:
    """Return which values a parameter accepts, from the constraints of its type."""
    if choices:
        named = [str(one) or "empty" for one in sorted(choices, key=lambda choice: not choice)]
        return " or ".join(filter(None, [", ".join(named[:-1]), named[-1]]))
    for constraint in metadata:
        if isinstance(constraint, Text):
            return constraint.rule
    bounds: dict[Any, Any] = {
        type(one): one for one in metadata if isinstance(one, Ge | Gt | Le | Lt)
    }
    lowest = f"above {bounds[Gt].gt:g}" if Gt in bounds else ""
    lowest = f"of at least {_write(bounds[Ge].ge)}" if Ge in bounds else lowest
    has_most = Le in bounds and bounds[Le].le not in UNREACHED
    highest = f"below {bounds[Lt].lt:g}" if Lt in bounds else ""
    highest = f"at most {_write(bounds[Le].le)}" if has_most else highest
    if Ge in bounds and has_most:
        return f"{KINDS[kind]} from {_write(bounds[Ge].ge)} to {_write(bounds[Le].le)}"
    span = " and ".join(filter(None, [lowest, highest]))
    return f"{KINDS[kind]} {span}".rstrip()


def _write(bound: Any) -> str:
    return f"{bound}" if isinstance(bound, int) else f"{bound:g}"


def _translate(error: ValidationError, config: type[Any]) -> Exception:
    """Return pydantic's first finding as one of our errors."""
    found = error.errors(include_url=False)[0]
    if found["type"] in _MISUSES or not found["loc"]:
        return TypeError(f"{config.__name__}: {found['msg']}: {', '.join(map(str, found['loc']))}")
    place = found["loc"][0]
    name = fields(config)[place].name if isinstance(place, int) else str(place)
    parameter = read_parameters(config, internal=True)[name]
    described: Mapping[str, FieldInfo] = config.__pydantic_fields__
    advice = [one for one in described[name].metadata if isinstance(one, Advice)]
    fits = isinstance(found["input"], parameter.kind)
    remedy = advice[0].compose(spell(name), found["input"]) if advice and fits else ""
    most = found.get("ctx", {}).get("le")
    rule = f"{KINDS[parameter.kind]} of at most {most:.0f}" if most in UNREACHED else parameter.rule
    return ParameterError(name, rule, found["input"], remedy)
