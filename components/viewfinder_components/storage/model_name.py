"""The rule for model names."""

import re

from viewfinder_components.errors import UsageError

# KServe names an InferenceService after the model and requires a letter first (its webhook's
# "^[a-z]([-a-z0-9]*[a-z0-9])?$"). Of a Kubernetes label's 63 characters, names derived from it
# need 16 more: "-predictor-00001".
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
MAX_LENGTH = 47
RULE = (
    f"at most {MAX_LENGTH} lower-case letters, digits and dashes, starting with a letter and not "
    "ending with a dash"
)
"""The rule in words."""


_SERVED = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
SERVED_RULE = "a model name of at most 63 letters, digits, '.', '_' and '-'"
"""The rule for the name in a predictor's URLs, in words."""


def is_served_name(name: str) -> bool:
    """Return whether a predictor's URLs can have this name of a model."""
    return bool(_SERVED.fullmatch(name))


def is_model_name(name: str) -> bool:
    """Return whether a model, its folder and its InferenceService can have this name."""
    return bool(_NAME.fullmatch(name)) and len(name) <= MAX_LENGTH


def suggest_name(parameter: str, name: str) -> str:
    """Return advice for an invalid model name: a similar valid one.

    Args:
        parameter: The parameter that gave the name.
        name: The name.
    """
    return f"set {parameter} to {_find_similar(name)!r}, for example"


def _find_similar(name: str) -> str:
    similar = re.sub(r"[^a-z0-9]+", "-", name.lower()).lstrip("-0123456789")[:MAX_LENGTH].strip("-")
    return similar or "classifier"


def validate_model_name(name: str) -> str:
    """Return `name` if a model, its folder and its InferenceService can have it.

    Args:
        name: The name, whatever parameter or argument gave it.

    Raises:
        UsageError: They cannot; the message suggests a similar name.
    """
    if is_model_name(name):
        return name
    raise UsageError(
        f"a model's name of {RULE}",
        repr(name[:100]),
        f"name the model {_find_similar(name)!r}, for example",
    )
