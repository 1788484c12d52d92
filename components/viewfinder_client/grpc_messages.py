"""The messages of the Open Inference Protocol that the client sends and receives.

They are declared in a pool of their own: kserve, tritonclient and others register theirs under the
same names in protobuf's default pool, which refuses a second declaration. The numbers are those of
https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/open_inference_grpc.proto;
fields that are left out are skipped by the parser.
"""

from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

__all__ = [
    "DecodeError",
    "ModelInferRequest",
    "ModelInferResponse",
    "ModelMetadataRequest",
    "ModelMetadataResponse",
    "parse_reply",
]

_PACKAGE = "inference"
# The first byte of an output in an answer, and of one whose number takes more bytes than it needs.
_OUTPUT_MARKS = (b"\x2a", b"\xaa")
_MOST_OUTPUTS = 500_000  # labels may contain the marks
_STRING, _BYTES, _INT64 = (
    FieldDescriptorProto.TYPE_STRING,
    FieldDescriptorProto.TYPE_BYTES,
    FieldDescriptorProto.TYPE_INT64,
)
_Field = tuple[int, Any, bool]  # number; a type, or the name of a message; whether it is repeated
_TENSOR: dict[str, _Field] = {
    "name": (1, _STRING, False),
    "datatype": (2, _STRING, False),
    "shape": (3, _INT64, True),
}
_MESSAGES: dict[str, dict[str, _Field]] = {
    "Tensor": _TENSOR,
    "ModelMetadataRequest": {"name": (1, _STRING, False), "version": (2, _STRING, False)},
    "ModelMetadataResponse": {"name": (1, _STRING, False), "versions": (2, _STRING, True)},
    "ModelInferRequest": {
        "model_name": (1, _STRING, False),
        "model_version": (2, _STRING, False),
        "inputs": (5, "Tensor", True),
        "raw_input_contents": (7, _BYTES, True),
    },
    "ModelInferResponse": {
        "model_name": (1, _STRING, False),
        "model_version": (2, _STRING, False),
        "outputs": (5, "Tensor", True),
        "raw_output_contents": (6, _BYTES, True),
    },
}


def _declare() -> dict[str, Any]:
    file = FileDescriptorProto(name="viewfinder_client.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind, is_repeated) in fields.items():
            label = 3 if is_repeated else 1
            if isinstance(kind, str):
                type_name = f".{_PACKAGE}.{kind}"
                message.field.add(
                    name=field, number=number, label=label, type=11, type_name=type_name
                )
            else:
                message.field.add(name=field, number=number, label=label, type=kind)
    pool = DescriptorPool()
    pool.Add(file)
    return {
        name: GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in _MESSAGES
    }


def parse_reply(content: bytes) -> Any:
    """Return the `ModelInferResponse` in an answer; two bytes become an object of seventy.

    Raises:
        DecodeError: It is no such message.
        ValueError: It has too many outputs.
    """
    if sum(content.count(mark) for mark in _OUTPUT_MARKS) > _MOST_OUTPUTS:
        raise ValueError(f"more than {_MOST_OUTPUTS:,} outputs")
    return ModelInferResponse.FromString(content)


_classes = _declare()
ModelMetadataRequest = _classes["ModelMetadataRequest"]
ModelMetadataResponse = _classes["ModelMetadataResponse"]
ModelInferRequest = _classes["ModelInferRequest"]
ModelInferResponse = _classes["ModelInferResponse"]
