"""Which names a model may have."""

import re

from viewfinder_components.errors import ParameterError

# KServe names an InferenceService after the model and wants a letter first (its webhook's
# "^[a-z]([-a-z0-9]*[a-z0-9])?$"). Of a Kubernetes label's 63 characters, what is made from the name
# takes 16 more: "-predictor-00001".
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
MAX_LENGTH = 47
RULE = f"at most {MAX_LENGTH} lower-case letters, digits and dashes, a letter first, no dash last"
"""Which names those are, in words."""


def is_model_name(name: str) -> bool:
    """Return whether a model, its folder and its InferenceService can be called so."""
    return bool(_NAME.fullmatch(name)) and len(name) <= MAX_LENGTH


def suggest_name(parameter: str, name: str) -> str:
    """Return advice for a name that a model cannot have: a similar one that it can.

    Args:
        parameter: What gave the name.
        name: The name.
    """
    similar = re.sub(r"[^a-z0-9]+", "-", name.lower()).lstrip("-0123456789")[:MAX_LENGTH].strip("-")
    return f"set {parameter}, to {similar or 'classifier'!r} for example"


def validate_model_name(name: str, parameter: str = "model_name") -> str:
    """Return `name` if a model, its folder and its InferenceService can be called so.

    Args:
        name: The name.
        parameter: What gave it, for the error.

    Raises:
        ParameterError: It cannot; the message names a similar one that can.
    """
    if is_model_name(name):
        return name
    raise ParameterError(parameter, RULE, name[:100], suggest_name(parameter, name))
