"""Check the arguments of the public interface against its annotations, before anything is done.

Without this check, a string passed as a pipeline or a listener would raise an AttributeError
somewhere inside, possibly after minutes of training.
"""

import errno
import functools
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from types import NoneType, SimpleNamespace, UnionType
from typing import Annotated, Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin

from annotated_types import Ge

from viewfinder_components.errors import ParameterError, UsageError
from viewfinder_components.foreign_errors import explain_foreign
from viewfinder_components.spelling import spell
from viewfinder_pipelines.local.running_predictor import RunningPredictor

Positive = Annotated[int, Ge(1)]
"""A number that counts, or a time in seconds: 0 does not stand for anything else."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}  # seconds
_LONGEST = 366 * _UNITS["d"]
_IMPOSSIBLE = (errno.ENAMETOOLONG, errno.ELOOP)

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")
_WORDS: dict[Any, str] = {
    str: "a string",
    bytes: "bytes",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    Callable: "a function",
    Iterable: "an iterable",
    Mapping: "a mapping from names to values",
}
_PLURALS = {str: "strings", int: "whole numbers"}


def checked(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Make a function refuse arguments that do not match its annotations, and empty strings.

    An empty string, such as the value of an unset variable, must not mean the default when versions
    or services are removed.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*values: _Arguments.args, **named: _Arguments.kwargs) -> _Result:
        try:
            given = signature.bind(*values, **named).arguments
        except TypeError:
            return function(*values, **named)  # which says what is missing, in Python's words
        hints = read_hints(function)
        for name, value in given.items():
            if name in hints and not _is_open(signature, name):
                need_type(name, value, hints[name])
                _need_text(name, value)
        with _explaining_place():
            return function(*values, **named)

    return call


@contextmanager
def _explaining_place() -> Iterator[None]:
    """Say so if there can be no such path, or the working directory was deleted.

    Of a deleted working directory, where relative paths begin, Python's own error names nothing:
    `[Errno 2] No such file or directory`.
    """
    try:
        yield
    except OSError as error:
        is_lost = error.errno == errno.ENOENT and error.filename is None
        if (is_lost or error.errno in _IMPOSSIBLE) and (explained := explain_foreign(error)):
            raise explained from error
        raise


def read_hints(described: Any) -> dict[str, Any]:
    """Return the annotations of a function's parameters or of a class's fields.

    Those written as strings are public names. What a function returns is left out: it may be of a
    library that is imported when the function is called.
    """
    import sys
    import typing

    import viewfinder

    class Public(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            if name not in viewfinder.__all__:
                raise KeyError(name)  # the module itself has it, or Python
            return getattr(viewfinder, name)

    given = {name: hint for name, hint in described.__annotations__.items() if name != "return"}
    module = vars(sys.modules[described.__module__])
    return typing.get_type_hints(SimpleNamespace(__annotations__=given), module, Public(), True)


def check_fields(owner: Any) -> None:
    """Refuse fields that are not of their annotations; an empty string has a meaning there.

    Raises:
        ParameterError: One is not.
    """
    for name, hint in read_hints(type(owner)).items():
        need_type(name, getattr(owner, name), hint)


def need_type(name: str, value: Any, hint: Any) -> None:
    """Refuse a value that is not of its annotation.

    Raises:
        ParameterError: It is not.
    """
    if not _fits(value, hint):
        raise ParameterError(name, _describe(hint), value)


def list_photos(photos: Any, *kinds: type[Any]) -> list[Any]:
    """Return the photos that an argument names, one or several.

    Args:
        photos: What was given; the values of an Arrow column count as Python's.
        kinds: What may name a photo, such as `str` and `Path`.

    Raises:
        ParameterError: Something else is among them.
    """
    rule = f"{' or '.join(map(_describe, kinds))}, or several of these"
    if isinstance(photos, kinds):
        return [photos]
    if isinstance(photos, bytes | bytearray | Mapping) or hasattr(photos, "columns"):
        raise ParameterError("photos", rule, photos)
    listed = [one.as_py() if hasattr(one, "as_py") else one for one in photos]
    for one in listed:
        if not isinstance(one, kinds):
            raise ParameterError("photos", rule, one)
    return listed


def read_endpoint(endpoint: str | RunningPredictor) -> str:
    """Return the URL of an endpoint, which may be what `serve` yields."""
    return endpoint.url if isinstance(endpoint, RunningPredictor) else endpoint


def merge(parameters: Mapping[str, Any] | None, named: Mapping[str, Any]) -> dict[str, Any]:
    """Return a pipeline's parameters that are given as a mapping and by keywords.

    Raises:
        UsageError: One is given both ways.
    """
    mapped = dict(parameters or {})
    if twice := sorted(mapped.keys() & named.keys()):
        raise UsageError(
            "each parameter once", f"{', '.join(twice)} in parameters and as a keyword",
            "leave one of them out",
        )  # fmt: skip
    return {**mapped, **named}


def _is_open(signature: inspect.Signature, name: str) -> bool:
    """Whether it is `**named`, whose values the pipeline looks at."""
    return signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD


def _need_text(name: str, value: Any) -> None:
    if isinstance(value, str) and not value:
        raise ParameterError(
            name, "a string that is not empty", value, f"set {spell(name)}, or leave it out"
        )


def _fits(value: Any, hint: Any) -> bool:
    origin, parts = get_origin(hint) or hint, get_args(hint)
    if hint is Any:
        return True
    if origin is Annotated:
        return _fits(value, parts[0]) and all(value >= one.ge for one in parts[1:])
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in parts)
    if origin is Literal:
        return isinstance(value, str) and value in parts
    return _is_of(value, origin, parts)


def _is_of(value: Any, kind: Any, parts: Sequence[Any]) -> bool:
    if kind is Callable:
        return callable(value)
    if kind is Sequence:  # an iterator will do, and is not used up by looking at it
        listed = value if isinstance(value, Sequence) else ()
        texts = isinstance(value, str | bytes | Mapping)
        return not texts and isinstance(value, Iterable) and all(_fits(v, parts[0]) for v in listed)
    if kind is Mapping:  # whoever knows the names checks the values
        return isinstance(value, Mapping) and all(_fits(name, parts[0]) for name in value)
    if kind in (int, bool, float):  # numpy's count as Python's; True is not a number
        plain = value.item() if getattr(value, "ndim", None) == 0 else value
        return type(plain) is kind or (kind is float and type(plain) is int)
    return isinstance(value, kind)


def _describe(hint: Any) -> str:
    """Say in words what an annotation takes; None is the default, and not named."""
    origin, parts = get_origin(hint) or hint, get_args(hint)
    if origin is Annotated:
        return f"{_describe(parts[0])} of at least {parts[1].ge}"
    if origin is Literal:
        return " or ".join(parts)
    if origin in (Union, UnionType):
        return " or ".join(_describe(one) for one in parts if one is not NoneType)
    if origin is Sequence:
        kinds = get_args(parts[0]) or parts
        return f"a list of {' or '.join(_PLURALS[kind] for kind in kinds)}"
    return _WORDS.get(origin) or _describe_class(origin)


def _describe_class(kind: type[Any]) -> str:
    example = ", such as viewfinder.TRAINING" if kind.__name__ == "PipelineDefinition" else ""
    article = "an" if kind.__name__[0] in "AEIOU" else "a"
    return f"{article} {kind.__name__}{example}"


def read_length(name: str, text: str) -> timedelta:
    """Return a length of time.

    Args:
        name: The argument's name.
        text: Such as `90m`.

    Raises:
        ParameterError: It is no such text, or longer than a year.
    """
    found = re.fullmatch(r"([0-9]{1,9})([smhdw])", text)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < seconds <= _LONGEST:
        raise ParameterError(
            name, "a length of time up to a year, such as 90m, 12h, 1d or 2w", text
        )
    return timedelta(seconds=seconds)
