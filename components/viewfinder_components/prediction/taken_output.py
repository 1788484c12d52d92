"""The refusal of an output where something else is."""

from viewfinder_components.errors import PermanentError
from viewfinder_components.spelling import spell


def taken(uri: str) -> PermanentError:
    """Return the error for predictions of another job, or another file, at the place."""
    return PermanentError(
        f"nothing at {uri} yet, or the predictions that these arguments give",
        "another file",
        f"name another place with {spell('output')}, or replace it with {spell('overwrite', True)}",
    )
