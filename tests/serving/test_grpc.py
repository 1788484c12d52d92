"""The Open Inference Protocol over gRPC."""

import struct
import threading

import grpc
import numpy as np
import pytest
from tests.fixtures.ports import free_port
from tests.fixtures.waiting import PATIENCE

from viewfinder_serving.kserve_sdk import messages, services

LABELS = [b"blue", b"green", b"red"]


@pytest.fixture
def stub(start):
    port = free_port()
    with (
        start("--grpc-port", str(port), "--max-photos", "4"),
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        yield services.GRPCInferenceServiceStub(channel)


def ask(*photos: bytes, **changes: object):
    tensor = {"name": "image_bytes", "datatype": "BYTES", "shape": [len(photos)]} | changes
    request = messages.ModelInferRequest(model_name="colour", id="7")
    request.inputs.add(**tensor).contents.bytes_contents.extend(photos)
    return request


def ask_raw(*photos: bytes):
    packed = b"".join(struct.pack("<I", len(photo)) + photo for photo in photos)
    request = messages.ModelInferRequest(model_name="colour", raw_input_contents=[packed])
    request.inputs.add(name="image_bytes", datatype="BYTES", shape=[len(photos)])
    return request


def test_grpc(stub, photo):
    """All in one predictor, which takes longer to start than the calls take."""
    assert stub.ServerLive(messages.ServerLiveRequest()).live
    assert stub.ServerReady(messages.ServerReadyRequest()).ready
    assert stub.ModelReady(messages.ModelReadyRequest(name="colour")).ready
    assert stub.ServerMetadata(messages.ServerMetadataRequest()).name == "viewfinder"
    metadata = stub.ModelMetadata(messages.ModelMetadataRequest(name="colour"))
    assert [tensor.name for tensor in metadata.outputs] == ["label", "labels", "probabilities"]

    typed = stub.ModelInfer(ask(photo("red"), photo("blue")))
    assert (typed.id, typed.model_version) == ("7", "7")
    assert list(typed.outputs[0].contents.bytes_contents) == [b"red", b"blue"]
    assert list(typed.outputs[1].contents.bytes_contents) == LABELS * 2
    rows = np.array(typed.outputs[2].contents.fp32_contents).reshape(2, 3)
    np.testing.assert_allclose(rows.sum(1), 1, atol=1e-5)

    raw = stub.ModelInfer(ask_raw(photo("red"), photo("blue")))
    assert [list(output.shape) for output in raw.outputs] == [[2], [2, 3], [2, 3]]
    assert raw.raw_output_contents[0] == b"\x03\0\0\0red\x04\0\0\0blue"
    np.testing.assert_allclose(
        np.frombuffer(raw.raw_output_contents[2], "<f4").reshape(2, 3), rows, atol=1e-7
    )

    wanted = ask(photo("red"))
    wanted.outputs.add(name="label")
    assert [output.name for output in stub.ModelInfer(wanted).outputs] == ["label"]

    unknown_output = ask(photo("red"))
    unknown_output.outputs.add(name="scores")
    other_model = ask(photo("red"))
    other_model.model_name = "other"
    bad = [
        (messages.ModelInferRequest(model_name="colour"), "image_bytes"),
        (ask(b"text"), "a readable photo, received one that cannot be used "),
        (ask(photo("red"), b""), "index 1"),
        (ask(photo("red"), shape=[2]), "2 elements"),
        (ask(photo("red"), shape=[-1]), "shape"),
        (ask(photo("red"), datatype="UINT8"), "BYTES"),
        (ask(photo("red"), name="pixels"), "image_bytes"),
        (ask(*[photo("red")] * 5), "split"),
        (unknown_output, "probabilities"),
        (other_model, "a model that is served here"),
    ]
    for request, words in bad:
        with pytest.raises(grpc.RpcError) as caught:
            stub.ModelInfer(request)
        wanted_code = "NOT_FOUND" if request is other_model else "INVALID_ARGUMENT"
        assert caught.value.code() == grpc.StatusCode[wanted_code], caught.value
        assert words in caught.value.details()

    with pytest.raises(grpc.RpcError) as caught:
        stub.RepositoryModelUnload(messages.RepositoryModelUnloadRequest(model_name="colour"))
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert stub.ModelInfer(ask(photo("red"))).outputs


class Idle:
    """Calls that are opened and send nothing."""

    def __init__(self, channel: grpc.Channel, calls: int) -> None:
        self._done = threading.Event()
        call = channel.stream_unary("/inference.GRPCInferenceService/ModelInfer")
        self.calls = [call.future(self._nothing()) for _ in range(calls)]

    def _nothing(self):
        self._done.wait(PATIENCE)
        yield from ()

    def end(self) -> None:
        for call in self.calls:
            call.cancel()
        self._done.set()


def test_calls_that_send_nothing_make_way(start, photo):
    """Each holds a place for a message until somebody else wants it."""
    port = free_port()
    with (
        start("--grpc-port", str(port)),
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        idle = Idle(channel, 6)
        stub = services.GRPCInferenceServiceStub(channel)
        assert stub.ModelInfer(ask(photo("red")), timeout=PATIENCE).outputs
        ended = [call for call in idle.calls if call.done()]
        assert ended
        assert {call.code() for call in ended} == {grpc.StatusCode.DEADLINE_EXCEEDED}
        assert "the whole message" in ended[0].details()
        idle.end()


def test_a_call_without_a_message_is_refused(start):
    port = free_port()
    with (
        start("--grpc-port", str(port)),
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
        pytest.raises(grpc.RpcError) as caught,
    ):
        channel.stream_unary("/inference.GRPCInferenceService/ModelInfer")(iter(()))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
