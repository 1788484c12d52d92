"""Servers over gRPC that refuse, fail or answer something else, and the messages' numbers."""

import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from tests.fixtures.ports import free_port
from tests.fixtures.servables import draw
from tests.fixtures.waiting import PATIENCE

from viewfinder_client import Client, PermanentError, TransientError, UnansweredError, retrying
from viewfinder_client.grpc_messages import (
    ModelInferRequest,
    ModelInferResponse,
    ModelMetadataRequest,
    ModelMetadataResponse,
)
from viewfinder_serving.kserve_sdk import messages

_Code = grpc.StatusCode


def pack(*texts: str) -> bytes:
    return b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in texts)


ANSWER = {
    "label": pack("a"),
    "labels": pack("a", "b"),
    "probabilities": struct.pack("<2f", 0.75, 0.25),
}


def write_answer(**changes: bytes | None) -> bytes:
    answer = ModelInferResponse(model_name="m", model_version="7")
    for name, content in (ANSWER | changes).items():
        if content is not None:
            answer.outputs.add(name=name, datatype="BYTES", shape=[1])
            answer.raw_output_contents.append(content)
    written: bytes = answer.SerializeToString()
    return written


@dataclass
class Server:
    """What it answers, and what it was asked."""

    url: str = ""
    failures: list[tuple[grpc.StatusCode, dict[str, str]]] = field(default_factory=list)
    """The codes of the next calls, and what follows them."""
    answer: bytes = field(default_factory=write_answer)
    asked: list[Any] = field(default_factory=list)
    metadata: list[tuple[str, str]] = field(default_factory=list)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(retrying, "_FIRST_SECONDS", 0.001)
    state = Server()

    def infer(request: bytes, context: grpc.ServicerContext) -> bytes:
        state.asked.append(ModelInferRequest.FromString(request))
        state.metadata = list(context.invocation_metadata())
        if state.failures:
            code, trailing = state.failures.pop(0)
            context.set_trailing_metadata(tuple(trailing.items()))
            context.abort(code, "the server says so")
        return state.answer

    handlers = {"ModelInfer": grpc.unary_unary_rpc_method_handler(infer)}
    service = grpc.method_handlers_generic_handler("inference.GRPCInferenceService", handlers)
    running = grpc.server(ThreadPoolExecutor(4))
    running.add_generic_rpc_handlers((service,))
    state.url = f"http://127.0.0.1:{running.add_insecure_port('127.0.0.1:0')}"
    running.start()
    yield state
    running.stop(None).wait()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server.url, model="m", protocol="grpc") as made:
        yield made


def test_an_answer(server: Server, client: Client) -> None:
    told = client.classify(draw("red"))
    assert (told.label, told.probabilities, told.version) == ("a", {"a": 0.75, "b": 0.25}, "7")
    (asked,) = server.asked
    assert asked.model_name == "m"
    assert asked.raw_input_contents[0][4:] == draw("red")


BUSY = [
    *(_Code.UNKNOWN, _Code.INTERNAL, _Code.ABORTED, _Code.DATA_LOSS),
    _Code.DEADLINE_EXCEEDED,  # the server's own, such as for a message that it got too slowly
]


@pytest.mark.parametrize("code", BUSY)
def test_what_may_be_retried(code: grpc.StatusCode, server: Server, client: Client) -> None:
    server.failures = [(code, {})] * 3
    assert client.classify(draw("red")).label == "a"
    assert len(server.asked) == 4


def test_a_server_that_is_not_there_is_asked_again_if_it_has_answered(
    server: Server, client: Client
) -> None:
    server.failures = [(_Code.UNAVAILABLE, {})] * 3
    assert client.classify(draw("red")).label == "a"
    assert len(server.asked) == 4


def test_nobody_there() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    began = time.monotonic()
    with (
        Client(url, model="m", protocol="grpc", retries=1000, seconds=2 * PATIENCE) as client,
        pytest.raises(TransientError, match=f"an answer over gRPC from {url}, .* endpoint"),
    ):
        client.classify(draw("red"))
    assert time.monotonic() - began < PATIENCE


def test_a_busy_server_says_when(server: Server, client: Client) -> None:
    server.failures = [(_Code.UNAVAILABLE, {"retry-after": "0"})] * 3
    assert client.classify(draw("red")).label == "a"
    server.failures = [(_Code.UNAVAILABLE, {"retry-after": "3600"})]
    with pytest.raises(TransientError, match="UNAVAILABLE"):
        client.classify(draw("red"))
    assert len(server.asked) == 5


FINAL = {
    _Code.INVALID_ARGUMENT: UnansweredError,
    _Code.RESOURCE_EXHAUSTED: UnansweredError,
    _Code.OUT_OF_RANGE: UnansweredError,
    _Code.NOT_FOUND: PermanentError,
    _Code.UNAUTHENTICATED: PermanentError,
    _Code.PERMISSION_DENIED: PermanentError,
    _Code.UNIMPLEMENTED: PermanentError,
    _Code.FAILED_PRECONDITION: PermanentError,
}


@pytest.mark.parametrize("code", FINAL)
def test_what_is_not_retried(code: grpc.StatusCode, server: Server, client: Client) -> None:
    server.failures = [(code, {})]
    with pytest.raises(FINAL[code], match=f"{code.name}: the server says so") as caught:
        client.classify(draw("red"))
    assert isinstance(caught.value, UnansweredError) == (FINAL[code] is UnansweredError)
    assert len(server.asked) == 1


BROKEN = {
    "no message": b"\xff\xff\xff",
    "nothing": b"",
    "no labels": write_answer(labels=None),
    "no probabilities": write_answer(probabilities=None),
    "a text that is cut off": write_answer(label=b"\x05\0\0\0a"),
    "a length that is cut off": write_answer(label=b"\x05\0"),
    "two labels": write_answer(label=pack("a", "b")),
    "half a number": write_answer(probabilities=b"\0\0\0"),
    "not a number": write_answer(probabilities=struct.pack("<2f", float("nan"), 0)),
    "too many": write_answer(probabilities=struct.pack("<3f", 0.5, 0.25, 0.25)),
    "no text": write_answer(label=b"\x01\0\0\0\xff"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_another_answer(what: str, server: Server, client: Client) -> None:
    server.answer = BROKEN[what]
    with pytest.raises(PermanentError, match="an answer in the V2 protocol over gRPC"):
        client.classify(draw("red"))
    assert len(server.asked) == 1


def test_an_answer_that_would_become_many_objects(server: Server, client: Client) -> None:
    server.answer = b"\x2a\x00" * 600_000
    with pytest.raises(PermanentError, match="more than 500,000 outputs"):
        client.classify(draw("red"))


def test_the_token(server: Server) -> None:
    token = "abcdefgh-12345678"  # noqa: S105  (no secret)
    with Client(server.url, model="m", protocol="grpc", token=token) as client:
        client.classify(draw("red"))
    assert ("authorization", f"Bearer {token}") in server.metadata


def test_the_messages_are_those_of_the_protocol() -> None:
    request = ModelInferRequest(model_name="m", model_version="7")
    request.inputs.add(name="image_bytes", datatype="BYTES", shape=[1])
    request.raw_input_contents.append(b"photo")
    answer = ModelInferResponse.FromString(write_answer())
    metadata = ModelMetadataRequest(name="m", version="7")
    described = ModelMetadataResponse(name="m", versions=["7"])
    for message in (request, answer, metadata, described):
        assert str(message) == str(_as_theirs(message))


def _as_theirs(message: Message) -> Message:
    """Return the same bytes as kserve reads them, from its own declarations in the same process."""
    return getattr(messages, type(message).__name__).FromString(message.SerializeToString())
