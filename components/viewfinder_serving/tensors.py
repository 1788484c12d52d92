"""The model's tensors in the Open Inference Protocol (V2), for REST and gRPC."""

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from viewfinder_serving.base64_photo import need_count
from viewfinder_serving.refusals import RefusedError, shown

INPUT = "image_bytes"
SIGNATURE = "serving_default"
"""The only signature; TensorFlow Serving uses it if a request names none."""
OUTPUTS = ("label", "labels", "probabilities")

_LENGTH = struct.Struct("<I")


def describe_inputs() -> list[dict[str, object]]:
    """Return the inputs for the model's metadata."""
    return [{"name": INPUT, "datatype": "BYTES", "shape": [-1]}]


def describe_outputs(classes: int) -> list[dict[str, object]]:
    """Return the outputs for the model's metadata."""
    return [
        {"name": "label", "datatype": "BYTES", "shape": [-1]},
        {"name": "labels", "datatype": "BYTES", "shape": [-1, classes]},
        {"name": "probabilities", "datatype": "FP32", "shape": [-1, classes]},
    ]


def need_one_input(names: Sequence[str]) -> None:
    """Refuse a request whose inputs are not exactly the model's.

    Raises:
        RefusedError: They are not.
    """
    if list(names) != [INPUT]:
        received = ", ".join(map(shown, names[:3])) if names else "none"
        raise RefusedError(f"one input named '{INPUT}'", received, "see the model's metadata")


def need_shape(datatype: object, shape: object, max_photos: int) -> int:
    """Return how many photos a tensor's shape declares.

    Raises:
        RefusedError: It is not BYTES of shape `[n]` or `[n, 1]`.
    """
    if datatype != "BYTES":
        raise RefusedError(
            f"datatype 'BYTES' for '{INPUT}'", shown(datatype), "send encoded photos"
        )
    if (
        not isinstance(shape, list)
        or not all(type(size) is int and size >= 0 for size in shape)
        or len(shape) not in (1, 2)
        or shape[1:] not in ([], [1])
    ):
        raise RefusedError(
            f"shape [n] or [n, 1] for '{INPUT}'", _show_shape(shape), "send one row per photo"
        )
    need_count(shape[0], max_photos)
    return int(shape[0])


def _show_shape(shape: object) -> str:
    # Not str() of nested lists: at a thousand levels, that ends in a RecursionError.
    if isinstance(shape, list) and len(shape) <= 4:
        return f"[{', '.join(map(shown, shape))}]"
    return shown(shape)


def need_elements(found: int, wanted: int) -> None:
    """Refuse a tensor whose data disagrees with its shape.

    Raises:
        RefusedError: It contains another number of elements.
    """
    if found != wanted:
        raise RefusedError(
            f"{wanted} elements in '{INPUT}', as in its shape",
            f"{found:,}",
            "make shape and data agree",
        )


def unpack(data: bytes | memoryview, wanted: int) -> list[bytes]:
    """Return the elements of a binary BYTES tensor, each of which follows its length.

    Args:
        data: Lengths are 4 bytes, little-endian.
        wanted: How many elements the shape declares.

    Raises:
        RefusedError: The lengths do not add up, or an element is empty.
    """
    elements: list[bytes] = []
    offset = 0
    while offset < len(data) and len(elements) <= wanted:
        end = offset + _LENGTH.size
        length = _LENGTH.unpack_from(data, offset)[0] if end <= len(data) else 0
        if end + length > len(data) or length == 0:
            raise RefusedError(
                f"elements in '{INPUT}' that each follow their length (4 bytes, little-endian)",
                f"element {len(elements)} at byte {offset:,}, which is cut off or empty",
                "send whole photos",
            )
        elements.append(bytes(data[end : end + length]))
        offset = end + length
    need_elements(len(elements), wanted)
    return elements


def pack(texts: Sequence[str]) -> bytes:
    """Return texts as a BYTES tensor in the binary form."""
    encoded = [text.encode() for text in texts]
    return b"".join(_LENGTH.pack(len(text)) + text for text in encoded)


def best_labels(labels: Sequence[str], rows: NDArray[np.float32]) -> list[str]:
    """Return every row's most probable label."""
    return [labels[int(index)] for index in rows.argmax(axis=1)]
