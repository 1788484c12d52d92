"""The V1 protocol, as in TensorFlow Serving and kserve.

Request: `{"instances": [{"b64": "<base64>"}]}`, or `{"image_bytes": {"b64": "<base64>"}}` for an
instance. Answer: `{"predictions": [{"label", "labels", "probabilities"}]}`, and of `:explain`
`{"explanations": [{"label", "probability", "method", "map", "size", "box"}]}`.

In TensorFlow Serving's columnar format the request is `{"inputs": [{"b64": "<base64>"}]}`, or
`{"inputs": {"image_bytes": [{"b64": "<base64>"}]}}`, and the answer
`{"outputs": {"label": [], "labels": [[]], "probabilities": [[]]}}`
(https://www.tensorflow.org/tfx/serving/api_rest#predict_api).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from viewfinder_components.explanation.class_map import Method
from viewfinder_serving.base64_photo import decode_base64, need_count
from viewfinder_serving.classifier import Outputs
from viewfinder_serving.json_body import parse_object
from viewfinder_serving.refusals import RefusedError, shown
from viewfinder_serving.tensors import INPUT, SIGNATURE, best_labels

_FORM = 'send {"instances": [{"b64": "<base64 of a photo>"}]}'
_COLUMNS = 'send {"inputs": [{"b64": "<base64 of a photo>"}]}'


class Request(NamedTuple):
    """The contents of a V1 request."""

    photos: list[bytes]
    """Encoded pictures, at least one."""
    is_columnar: bool
    """Whether the answer is a list per output, rather than an object per photo."""


def parse_request(body: bytes | bytearray, max_photos: int) -> Request:
    """Return what a V1 request contains.

    Raises:
        RefusedError: The body is not such a request.
    """
    request = parse_object(body)
    signature = request.get("signature_name", SIGNATURE)
    if signature != SIGNATURE:
        raise RefusedError(f"the signature {SIGNATURE!r}", shown(signature), "omit the name")
    if "inputs" in request:
        return Request(_read_columns(request, max_photos), is_columnar=True)
    instances = request.get("instances")
    if not isinstance(instances, list):
        received = shown(instances) if "instances" in request else "none"
        raise RefusedError("a list 'instances'", received, _FORM)
    need_count(len(instances), max_photos)
    photos = [_read_instance(instance, index) for index, instance in enumerate(instances)]
    return Request(photos, is_columnar=False)


def _read_columns(request: dict[str, Any], max_photos: int) -> list[bytes]:
    if "instances" in request:
        raise RefusedError("either 'instances' or 'inputs'", "both", _FORM)
    column, where = request["inputs"], "inputs"
    if isinstance(column, dict) and column.keys() == {INPUT}:
        column, where = column[INPUT], f"inputs.{INPUT}"
    if not isinstance(column, list):
        raise RefusedError(f"a list '{where}'", shown(column), _COLUMNS)
    need_count(len(column), max_photos)
    return [_read_photo(photo, f"{where}[{index}]") for index, photo in enumerate(column)]


def _read_instance(instance: Any, index: int) -> bytes:
    where = f"instances[{index}]"
    if isinstance(instance, dict) and instance.keys() == {INPUT}:
        return _read_photo(instance[INPUT], f"{where}.{INPUT}")
    return _read_photo(instance, where)


def _read_photo(instance: Any, where: str) -> bytes:
    if not isinstance(instance, dict) or instance.keys() != {"b64"}:
        raise RefusedError(f'an object {{"b64": "..."}} at {where}', shown(instance), _FORM)
    return decode_base64(instance["b64"], f"{where}.b64")


def write_answer(
    labels: Sequence[str], rows: NDArray[np.float32], *, is_columnar: bool = False
) -> bytes:
    """Return the body of a V1 answer.

    Args:
        labels: The classes, in the order of the columns.
        rows: Probabilities, float32 `[n, len(labels)]`.
        is_columnar: Whether the request was.
    """
    names = list(labels)
    if is_columnar:
        best = best_labels(labels, rows)
        outputs = {"label": best, "labels": [names] * len(rows), "probabilities": rows}
        return orjson.dumps({"outputs": outputs}, option=orjson.OPT_SERIALIZE_NUMPY)
    predictions = [
        {"label": names[int(row.argmax())], "labels": names, "probabilities": row} for row in rows
    ]
    return orjson.dumps({"predictions": predictions}, option=orjson.OPT_SERIALIZE_NUMPY)


def write_explanations(labels: Sequence[str], method: Method, found: Outputs) -> bytes:
    """Return the body of the answer to `:explain`.

    Args:
        labels: The classes, in the order of the columns.
        method: How the maps were made.
        found: What the model says.
    """
    explanations = [
        {
            "label": labels[int(row.argmax())],
            "probability": row.max(),
            "method": method,
            "map": class_map,
            "size": class_map.shape,
            "box": (0, 0, *size),  # photos are squashed, not cropped
        }
        for row, class_map, size in zip(found.rows, found.maps, found.sizes, strict=True)
    ]
    return orjson.dumps({"explanations": explanations}, option=orjson.OPT_SERIALIZE_NUMPY)
