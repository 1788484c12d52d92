"""The models that a server lists."""

from collections.abc import Sequence
from typing import Any

from viewfinder_client.v1_answers import need_text
from viewfinder_client.v1_failures import shorten
from viewfinder_components.errors import PermanentError
from viewfinder_components.spelling import spell

_LONGEST_NAME = 1000  # characters; a URL has room for it, also if each takes twelve
_MOST_SHOWN = 20


def read_models(answer: Any) -> list[str]:
    """Return the names in a server's list of models, as parsed from JSON.

    Raises:
        ValueError, LookupError, TypeError: It is no such list.
    """
    names = answer["models"]
    if not isinstance(names, list):
        raise ValueError("no list of models")
    if any(len(need_text(name)) > _LONGEST_NAME for name in names):
        raise ValueError(f"a name of more than {_LONGEST_NAME} characters")
    return names


def explain_unknown_model(wanted: str, place: str, models: Sequence[str]) -> PermanentError:
    """Return the error for a model that a server does not have.

    Args:
        wanted: What was expected.
        place: The server, as messages show it.
        models: The models that it has.
    """
    names = [shorten(name) for name in models[:_MOST_SHOWN]]
    if more := len(models) - len(names):
        names.append(f"and {more:,} more")
    return PermanentError(
        f"{wanted} at {place}",
        f"a server with {', '.join(names)}" if models else "a server without models",
        f"name one of those with {spell('model')}" if models else "see the server's log",
    )
