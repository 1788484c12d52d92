"""Check a gRPC request's bytes before they become objects.

A field of two bytes becomes an object of forty to a thousand: naming 200,000 outputs in 2 MB took
505 MB. So the fields of a `ModelInferRequest` are counted on the wire first. The format is
https://protobuf.dev/programming-guides/encoding/; the numbers are those of
https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/open_inference_grpc.proto
"""

from collections.abc import Iterator

from viewfinder_serving.refusals import RefusedError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_BYTES = {_FIXED64: 8, _FIXED32: 4}
_LONGEST_VARINT = 10

# Which fields of a message are messages themselves: ModelInferRequest's parameters, inputs and
# outputs; an input's parameters and contents; an output's parameters.
_PARAMETER: "Layout" = {}
_CONTENTS: "Layout" = {}
_INPUT: "Layout" = {4: _PARAMETER, 5: _CONTENTS}
_OUTPUT: "Layout" = {2: _PARAMETER}
_REQUEST: "Layout" = {4: _PARAMETER, 5: _INPUT, 6: _OUTPUT}

# Numbers in lists are packed into one field; a tensor of photos has one or two in its shape.
_PACKED = {id(_INPUT): {3}, id(_CONTENTS): {1, 2, 3, 4, 5, 6, 7}}
_MOST_PACKED_BYTES = 64

Layout = dict[int, "Layout"]


def need_few_fields(message: bytes, most: int) -> None:
    """Refuse a `ModelInferRequest` that would become too many objects.

    Args:
        message: As received.
        most: Maximum number of fields, over all levels.

    Raises:
        RefusedError: There are more, or the bytes are not such a message.
    """
    view = memoryview(message)
    open_parts = [(view, _REQUEST)]
    seen = 0
    while open_parts:
        part, layout = open_parts.pop()
        for number, value in _read_fields(part):
            seen += 1
            packed = number in _PACKED.get(id(layout), ())
            if seen > most or (packed and len(value) > _MOST_PACKED_BYTES):
                raise RefusedError(
                    f"a message of at most {most:,} fields",
                    "more, or a list of numbers",
                    "send one input 'image_bytes' of encoded photos, and name each output once",
                )
            if number in layout:
                open_parts.append((value, layout[number]))


def _read_fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield every field's number and bytes, which are empty for numbers."""
    place = 0
    while place < len(message):
        tag, place = _read_varint(message, place)
        number, kind = tag >> 3, tag & 7
        end = place
        if kind == _VARINT:
            _, end = _read_varint(message, place)
            place = end
        elif kind == _BYTES:
            length, place = _read_varint(message, place)
            end = place + length
        elif kind in _FIXED_BYTES:
            place = end = place + _FIXED_BYTES[kind]
        else:
            raise _not_a_message(message)
        if end > len(message) or number == 0:
            raise _not_a_message(message)
        yield number, message[place:end]
        place = end


def _read_varint(message: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(message[place : place + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, place + index + 1
    raise _not_a_message(message)


def _not_a_message(message: memoryview) -> RefusedError:
    return RefusedError(
        "a ModelInferRequest of the Open Inference Protocol",
        f"{len(message):,} bytes of another form",
        "use stubs generated from the protocol's .proto",
    )
