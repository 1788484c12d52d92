"""The refusal of an output where something else is."""

import pyarrow as pa

from viewfinder_components.errors import PermanentError
from viewfinder_components.prediction.parts.table import read_fact
from viewfinder_components.spelling import spell


def taken(uri: str, found: pa.Schema | None) -> PermanentError:
    """Return the error for predictions of another job, or another file, at the place.

    Args:
        uri: The place.
        found: The schema of what is there; None if it is not known.
    """
    version = "" if found is None else read_fact(found, "model_version")
    return PermanentError(
        f"nothing at {uri} yet, or the predictions that these arguments give",
        # The digest of a job does not tell what differs.
        f"predictions by {version}, made with other arguments, or before a file, the model or the "
        "release of Viewfinder changed"
        if version
        else f"{uri}, which has no predictions of Viewfinder",
        f"name another place with {spell('output')}, or replace what is there with "
        f"{spell('overwrite', True)}",
    )
