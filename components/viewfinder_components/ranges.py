"""The values that parameters hold, as types: each refuses alike wherever a parameter has it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from viewfinder_components.errors import ParameterError

LARGEST_INTEGER = 2**31 - 1
"""What TensorFlow and Kubernetes count up to. Kubeflow Pipelines hands numbers on as doubles, which
hold every whole number up to 2^53: a larger one would arrive as another number."""

LARGEST_NUMBER = 1e9
"""More than any limit, ratio or duration that makes sense. A run's record is JSON, which does not
know infinity."""

LARGEST_MEGAPIXELS = 1e6

LARGEST_SEED = 2**32 - 1
"""What NumPy's and Keras's `set_random_seed` take."""


@dataclass(frozen=True)
class Text:
    """What a text may be; stands in the `Annotated` of its type."""

    rule: str
    """Which texts are allowed, such as `"a Kubernetes quantity above 0"`."""
    is_allowed: Callable[[str], object]
    """Returns something true for those."""

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
    """What to do about a wrong value; stands in the `Annotated` of the parameter's type."""

    compose: Callable[[str, Any], str]
    """Makes the remedy of the parameter's name and the value it was given."""


@dataclass(frozen=True)
class Described:
    """What a parameter of this type is, where its field says nothing itself."""

    text: str


Count = Annotated[int, Field(ge=1, le=LARGEST_INTEGER)]
CountFromZero = Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]
Share = Annotated[float, Field(ge=0, le=1)]
Limit = Annotated[float, Field(gt=0, le=LARGEST_NUMBER)]


def need_integer(name: str, value: int, least: int, most: int = LARGEST_INTEGER) -> None:
    """Refuse a number that is not whole, or out of a range that other settings decide.

    Raises:
        ParameterError: It is.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ParameterError(name, f"a whole number from {least} to {most}", value)
