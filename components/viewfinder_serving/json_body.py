"""Parse a client's JSON within limits on its cost."""

from typing import Any

import orjson

from viewfinder_serving.refusals import RefusedError, shown

# Base64 contains none of these, and a genuine photo needs about ten: 16 MB of `[[],[],...` would
# otherwise become half a gigabyte of Python objects.
_STRUCTURE = (b"[", b"{", b",")
_MAX_VALUES = 20_000
_REMEDY = 'send an object such as {"instances": [...]}, or {"inputs": [...]} in the V2 protocol'


def parse_object(body: bytes | bytearray | memoryview) -> dict[str, Any]:
    """Return the JSON object in a request's body.

    Raises:
        RefusedError: It is not JSON, not an object, or has too many values.
    """
    text = bytes(body) if isinstance(body, memoryview) else body
    if sum(text.count(mark) for mark in _STRUCTURE) > _MAX_VALUES:
        raise RefusedError(
            f"JSON of at most {_MAX_VALUES:,} values",
            "more",
            "send base64 strings rather than lists of numbers",
        )
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        received = f"{len(text):,} bytes that are not ({error})" if len(text) else "an empty body"
        raise RefusedError("a JSON object", received, _REMEDY) from error
    if not isinstance(value, dict):
        raise RefusedError("a JSON object", shown(value), _REMEDY)
    return value
