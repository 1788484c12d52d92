"""The values of parameters, as types: each has the same limits wherever a parameter uses it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from viewfinder_components.errors import ParameterError

LARGEST_INTEGER = 2**31 - 1
"""The largest number in TensorFlow and Kubernetes. Kubeflow Pipelines passes numbers as doubles,
which represent every whole number up to 2^53: a larger one could arrive as another number."""

LARGEST_NUMBER = 1e9
"""More than any sensible limit, ratio or duration. A run's record is JSON, which has no
infinity."""

UNREACHED = (LARGEST_INTEGER, LARGEST_NUMBER)
"""Limits that only a mistake exceeds: a rule does not name them, the error about it does."""

LARGEST_MEGAPIXELS = 1e6

LARGEST_SEED = 2**32 - 1
"""The limit of NumPy's and Keras's `set_random_seed`."""


@dataclass(frozen=True)
class Text:
    """The rule for a text; part of the `Annotated` of its type."""

    rule: str
    """Which texts are allowed, such as `"a Kubernetes quantity above 0"`."""
    is_allowed: Callable[[str], object]
    """Returns a true value for those."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return how pydantic validates such a text."""
        return core_schema.no_info_after_validator_function(self._need_allowed, handler(source))

    def _need_allowed(self, value: str) -> str:
        if not self.is_allowed(value):
            raise ValueError(self.rule)
        return value


@dataclass(frozen=True)
class Advice:
    """What to do about a wrong value; part of the `Annotated` of the parameter's type."""

    compose: Callable[[str, Any], str]
    """Builds the remedy from the parameter's name and its value."""


@dataclass(frozen=True)
class Described:
    """The description of a parameter of this type, if its field has none."""

    text: str


Count = Annotated[int, Field(ge=1, le=LARGEST_INTEGER)]
"""A whole number of at least 1."""
CountFromZero = Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]
Share = Annotated[float, Field(ge=0, le=1)]
"""A number from 0 to 1."""
Limit = Annotated[float, Field(gt=0, le=LARGEST_NUMBER)]


def need_integer(name: str, value: int, least: int, most: int = LARGEST_INTEGER) -> None:
    """Refuse a number that is not whole, or outside a range that other settings determine.

    Raises:
        ParameterError: It is.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        rule = f"a whole number from {least} to {most}"
        if most in UNREACHED:
            is_above = isinstance(value, int) and value > most
            rule = f"a whole number of at {f'most {most}' if is_above else f'least {least}'}"
        raise ParameterError(name, rule, value)
