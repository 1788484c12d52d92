"""What a served model's answer says about a photo: nothing that is read here is trusted."""

import json
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

_TOLERANCE = 1e-6  # the sum of rounding errors in a softmax of 32-bit floats


class Classification(NamedTuple):
    """A checked answer about one photo."""

    label: str
    """The most probable class."""
    labels: tuple[str, ...]
    """All classes, at least one; no two are the same."""
    probabilities: tuple[float, ...]
    """Theirs, between 0 and 1."""


def read_classification(answer: Any) -> Classification:
    """Read an answer of `:predict` about one photo.

    Args:
        answer: As parsed from JSON.

    Raises:
        ValueError, LookupError, TypeError, ArithmeticError: It is no such answer.
    """
    (values,) = answer["predictions"]
    labels = tuple(map(need_text, _need_list(values["labels"], "labels")))
    if not labels or len(set(labels)) < len(labels):
        raise ValueError("labels that are not distinct" if labels else "no labels")
    probabilities = tuple(map(need_probability, _need_list(values["probabilities"], "numbers")))
    if len(probabilities) != len(labels):
        raise ValueError(f"{len(probabilities)} probabilities for {len(labels)} labels")
    label = need_text(values["label"])
    if label not in labels:
        raise ValueError(f"a label that is not one of the {len(labels)} labels")
    if probabilities[labels.index(label)] < max(probabilities):
        raise ValueError("a label that is not the most probable one")
    return Classification(label, labels, probabilities)


def need_text(value: Any) -> str:
    """Return a string of an answer; JSON may have halves of characters, which cannot be written."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"{_show(value)} instead of a string")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"a string that is not Unicode ({value!a})"[:200]) from error
    return value


def need_number(value: Any) -> float:
    """Return a finite number of an answer."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{_show(value)} instead of a number")
    if not math.isfinite(number := float(value)):
        raise ValueError(f"the number {number}")
    return number


def need_probability(value: Any) -> float:
    """Return a probability of an answer."""
    number = need_number(value)
    if not -_TOLERANCE <= number <= 1 + _TOLERANCE:
        raise ValueError(f"the probability {number:g}")
    return min(max(number, 0.0), 1.0)


def _need_list(value: Any, what: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{_show(value)} instead of a list of {what}")
    return value


def _show(value: Any) -> str:
    """Say what JSON has there, without its contents."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return "a string" if value else "an empty string"
    return "a list" if isinstance(value, list) else "a number or an object"
