"""The Open Inference Protocol (V2) over REST, with its binary tensor extension.

In JSON an element of the BYTES tensor is base64 text; in the binary form it is the photo's bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from viewfinder_serving.base64_photo import decode_base64
from viewfinder_serving.json_body import parse_object
from viewfinder_serving.refusals import RefusedError, shown
from viewfinder_serving.tensors import (
    INPUT,
    OUTPUTS,
    best_labels,
    need_elements,
    need_one_input,
    need_shape,
    pack,
    unpack,
)

_FORM = (
    f'send {{"inputs": [{{"name": "{INPUT}", "datatype": "BYTES", "shape": [1], '
    '"data": ["<base64 of a photo>"]}]}'
)


@dataclass(frozen=True)
class Request:
    """The contents of a V2 request.

    Attributes:
        photos: Encoded pictures, at least one.
        id: The client's own name for the request; None if it gave none.
        outputs: Names of the requested outputs, in that order, and whether in the binary form.
    """

    photos: list[bytes]
    id: str | None
    outputs: dict[str, bool]


def parse_request(body: bytes | bytearray, json_length: int | None, max_photos: int) -> Request:
    """Parse a V2 request.

    Args:
        body: JSON, with the binary tensors behind it.
        json_length: The header `Inference-Header-Content-Length`; None if there is none.
        max_photos: Maximum number of photos in one request.

    Raises:
        RefusedError: The body is not such a request.
    """
    view = memoryview(body)
    split = len(view) if json_length is None else json_length
    if not 0 <= split <= len(view):
        raise RefusedError(
            f"an Inference-Header-Content-Length of at most the body's {len(view):,} bytes",
            f"{split:,}",
            "send the length of the JSON in bytes",
        )
    request = parse_object(view[:split])
    identifier = request.get("id")
    if identifier is not None and not isinstance(identifier, str):
        raise RefusedError("a string 'id' or none", shown(identifier), "put it in quotes")
    photos = _read_inputs(request.get("inputs"), view[split:], max_photos)
    binary = _read_flag(request.get("parameters"), "binary_data_output", False)
    return Request(photos, identifier, _read_outputs(request.get("outputs"), binary))


def _read_inputs(inputs: Any, tail: memoryview, max_photos: int) -> list[bytes]:
    if not isinstance(inputs, list) or not all(isinstance(tensor, dict) for tensor in inputs):
        received = "none" if inputs is None else shown(inputs)
        raise RefusedError("a list 'inputs' of objects", received, _FORM)
    need_one_input([tensor.get("name") for tensor in inputs])
    tensor = inputs[0]
    count = need_shape(tensor.get("datatype"), tensor.get("shape"), max_photos)
    size = _read_parameters(tensor.get("parameters")).get("binary_data_size")
    if size is None:
        return _read_texts(tensor.get("data"), count)
    if "data" in tensor:
        raise RefusedError("either 'data' or 'binary_data_size'", "both", "omit one")
    if type(size) is not int or size != len(tail):
        raise RefusedError(
            f"a binary_data_size equal to the {len(tail):,} bytes after the JSON",
            shown(size),
            "check binary_data_size and Inference-Header-Content-Length",
        )
    return unpack(tail, count)


def _read_texts(data: Any, count: int) -> list[bytes]:
    if not isinstance(data, list):
        received = "none" if data is None else shown(data)
        raise RefusedError(f"a list 'data' in '{INPUT}'", received, _FORM)
    # The protocol allows the nested form of [n, 1] as well as the flat one.
    flat = [item[0] if isinstance(item, list) and len(item) == 1 else item for item in data]
    need_elements(len(flat), count)
    return [decode_base64(text, f"data[{index}]") for index, text in enumerate(flat)]


def _read_parameters(parameters: Any) -> dict[str, Any]:
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        raise RefusedError("an object 'parameters'", shown(parameters), "send one or omit it")
    return parameters


def _read_flag(parameters: Any, name: str, default: bool) -> bool:
    value = _read_parameters(parameters).get(name, default)
    if not isinstance(value, bool):
        raise RefusedError(f"true or false for '{name}'", shown(value), "send a boolean")
    return value


def _read_outputs(outputs: Any, binary: bool) -> dict[str, bool]:
    if outputs is None or outputs == []:
        return dict.fromkeys(OUTPUTS, binary)
    if not isinstance(outputs, list) or not all(isinstance(output, dict) for output in outputs):
        raise RefusedError(
            "a list 'outputs' of objects", shown(outputs), 'send [{"name": "label"}]'
        )
    wanted = {}
    for output in outputs:
        name = output.get("name")
        if not isinstance(name, str) or name not in OUTPUTS:
            raise RefusedError(
                f"an output of {', '.join(OUTPUTS)}", shown(name), "see the model's metadata"
            )
        wanted[name] = _read_flag(output.get("parameters"), "binary_data", binary)
    return wanted


def write_answer(
    request: Request, model: str, version: str, labels: Sequence[str], rows: NDArray[np.float32]
) -> tuple[bytes, int | None]:
    """Return the body of a V2 answer and the length of its JSON, None if that is all of it.

    Args:
        request: The request.
        model: The model's name.
        version: Its version.
        labels: The classes, in the order of the columns.
        rows: Probabilities, float32 `[n, len(labels)]`.
    """
    names = list(labels)
    values: dict[str, tuple[str, list[int], Any]] = {
        "label": ("BYTES", [len(rows)], best_labels(labels, rows)),
        "labels": ("BYTES", [len(rows), len(names)], names * len(rows)),
        "probabilities": ("FP32", [len(rows), len(names)], rows.ravel()),
    }
    outputs: list[dict[str, Any]] = []
    tail: list[bytes] = []
    for name, binary in request.outputs.items():
        datatype, shape, data = values[name]
        output: dict[str, Any] = {"name": name, "datatype": datatype, "shape": shape}
        if binary:
            tail.append(pack(data) if datatype == "BYTES" else data.astype("<f4").tobytes())
            output["parameters"] = {"binary_data_size": len(tail[-1])}
        else:
            output["data"] = data
        outputs.append(output)
    answer: dict[str, Any] = {"model_name": model, "model_version": version, "outputs": outputs}
    if request.id is not None:
        answer["id"] = request.id
    text = orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)
    return b"".join([text, *tail]), len(text) if tail else None
