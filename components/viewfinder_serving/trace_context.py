"""Which trace a request belongs to, by the header that callers pass on."""

import re
from collections.abc import Mapping

HEADER = "traceparent"

# https://www.w3.org/TR/trace-context/#traceparent-header: version, trace, caller's span and flags.
# Later versions may add fields. Version ff and a trace of zeros are not valid.
VALUE = re.compile(r"^(?!ff)[0-9a-f]{2}-((?!0{32})[0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})(?:-.*)?")
"""The header; the first group is the trace's id."""
_SAMPLED = 1


def find_exemplar(written: str, headers: Mapping[str, str]) -> dict[str, str] | None:
    """Return an exemplar that leads from the measurement of a request to its trace.

    Args:
        written: The id of the trace that the server has written; empty if it has written none.
        headers: The request's.

    Returns:
        The trace's id as `trace_id`; None if nobody keeps a trace.
    """
    return {"trace_id": written} if written else read_exemplar(headers.get(HEADER, ""))


def read_exemplar(value: str) -> dict[str, str] | None:
    """Return an exemplar that leads from a measurement to its trace.

    Args:
        value: The header.

    Returns:
        The trace's id as `trace_id`; None if the header is not valid, or nobody keeps the trace.
    """
    found = VALUE.fullmatch(value)
    if found is None or not int(found[2], 16) & _SAMPLED:
        return None
    return {"trace_id": found[1]}
