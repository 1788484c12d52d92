"""Build dataclasses from JSON values, and refuse values that are not of the fields' types."""

import dataclasses
import types
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def build(kind: type[T], value: object, place: str = "the record") -> T:
    """Return an instance of a dataclass.

    Args:
        kind: The dataclass. Its fields may be of JSON's own types, `Literal`, `X | None`,
            `dict[str, X]`, `tuple[X, ...]`, `Any` and other dataclasses.
        value: What `json.loads` returned.
        place: Where the value is from, for the error.

    Raises:
        TypeError: A field is missing, unknown or of another type.
    """
    if not isinstance(value, dict):
        raise _wrong(place, "an object", value)
    if unknown := value.keys() - {field.name for field in dataclasses.fields(kind)}:  # type: ignore[arg-type]
        raise TypeError(f"{place} has the unknown fields {', '.join(sorted(unknown))}")
    hints = get_type_hints(kind)
    return kind(**{name: _read(hints[name], entry, name) for name, entry in value.items()})


def _read(hint: Any, value: Any, place: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        hint = next(kind for kind in arguments if kind is not type(None))
        return None if value is None else _read(hint, value, place)
    if origin is tuple:
        return tuple(_read(arguments[0], entry, place) for entry in _need(list, value, place))
    if origin is dict:
        entries = _need(dict, value, place).items()
        return {key: _read(arguments[1], entry, f"{place}.{key}") for key, entry in entries}
    if origin is Literal:
        if value not in arguments:
            raise _wrong(place, f"one of {', '.join(arguments)}", value)
        return value
    if dataclasses.is_dataclass(hint):
        return build(hint, value, place)  # type: ignore[arg-type]  # a class, as hints are
    return value if hint is Any else _need(hint, value, place)


def _need(kind: type, value: Any, place: str) -> Any:
    """Return a value of one of JSON's own types; a number may be whole."""
    kinds = (int, float) if kind is float else (kind,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and kind is not bool):
        raise _wrong(place, f"of type {kind.__name__}", value)
    return value


def _wrong(place: str, expected: str, value: object) -> TypeError:
    return TypeError(f"{place} is {str(value)[:40]!r}, not {expected}")
