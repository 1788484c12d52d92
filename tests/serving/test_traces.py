"""The spans that a predictor sends to a collector."""

import socket
import time
from collections.abc import Iterator

import grpc
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from tests.fixtures.ports import free_port
from tests.fixtures.waiting import PATIENCE
from tests.serving.otlp_receiver import Receiver, Span, forget_settings, receiving
from tests.serving.test_metrics import find_exemplars

from viewfinder_client import Client

ROUTES = {
    "v1": "POST /v1/models/{name}:predict",
    "v2": "POST /v2/models/{name}/infer",
    "grpc": "inference.GRPCInferenceService/ModelInfer",
}
SERVER = 2  # a span's kind


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Receives the spans of predictors that are started meanwhile, at the latest when they end."""
    forget_settings(monkeypatch)
    with receiving() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "3600000")
        yield receiver


def test_a_request_continues_the_trace_of_its_client(start, photo, collector):
    """In every protocol, from the Python client; the predictor sends the spans before it ends."""
    port = free_port()
    tracer = TracerProvider().get_tracer("tests")
    asked = {}
    began = time.time_ns()
    with start("--grpc-port", str(port)) as predictor:
        for protocol in ROUTES:
            url = f"http://127.0.0.1:{port}" if protocol == "grpc" else predictor.url
            with (
                Client(url, model="colour", protocol=protocol, seconds=PATIENCE) as client,
                tracer.start_as_current_span("shop") as span,
            ):
                client.classify(photo("red"))
            asked[protocol] = span.get_span_context()
        assert predictor.stop() == 0
    ended = time.time_ns()
    for protocol, name in ROUTES.items():
        (server,) = collector.find(name)
        assert server.kind == SERVER
        assert not server.is_error
        assert server.trace_id == trace.format_trace_id(asked[protocol].trace_id)
        assert server.parent_id == trace.format_span_id(asked[protocol].span_id)
        children = find_children(collector, server)
        assert [child.name for child in children] == ["upload", "queue", "decode", "inference"]
        times = [server.start, *(at for child in children for at in (child.start, child.end))]
        assert times == sorted(times)
        assert began < server.start < children[-1].end <= server.end < ended
        assert server.attributes["viewfinder.outcome"] == "answered"


def test_each_photo_has_its_spans(start, photo, collector):
    """The server begins the trace itself, and both the exemplar and the log lead to it."""
    with start("--precision", "f32") as predictor:
        assert predictor.predict(photo("red"), photo("blue")).status_code == 200
        exemplars = find_exemplars(predictor, "v1")
        predictor.stop()
        log = predictor.log.read_text()
    (server,) = collector.find(ROUTES["v1"])
    assert server.parent_id == ""
    assert exemplars == [{"trace_id": server.trace_id}]
    assert f" trace '{server.trace_id}': POST" in log
    assert server.attributes["viewfinder.photos"] == 2
    for name in ("decode", "inference"):
        indices = [span.attributes["viewfinder.photo.index"] for span in collector.find(name)]
        assert indices == [0, 1]


def test_a_span_says_what_was_asked_and_who_answered(start, photo, collector, monkeypatch):
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    with start("--precision", "f32") as predictor:
        predictor.predict(photo("red"))
        predictor.stop()
    (server,) = collector.find(ROUTES["v1"])
    said = server.attributes
    assert said.pop("user_agent.original").startswith("python-httpx/")
    assert said == {
        "http.request.method": "POST",
        "http.route": "/v1/models/{name}:predict",
        "http.response.status_code": 200,
        "url.path": "/v1/models/colour:predict",
        "url.scheme": "http",
        "network.protocol.version": "1.1",
        "client.address": "127.0.0.1",
        "viewfinder.outcome": "answered",
        "viewfinder.photos": 1,
    }
    own = {name: value for name, value in server.resource.items() if "telemetry" not in name}
    assert own.pop("service.version")
    assert own.pop("service.instance.id")  # the SDK's, of the process
    assert own == {
        "service.name": "viewfinder-predictor",
        "deployment.environment.name": "test",
        "viewfinder.model.name": "colour",
        "viewfinder.model.version": "7",
        "viewfinder.model.precision": "f32",
    }


def test_what_was_not_answered_has_spans(start, photo, collector):
    port = free_port()
    with start("--grpc-port", str(port), "--request-seconds", "0.000001") as predictor:
        predictor.predict(b"text")
        predictor.client.post("/v1/models/" + 500 * "x" + ":predict")
        predictor.client.request("PROPFIND", "/nowhere:predict")
        predictor.client.get("/v2/health/ready")
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            infer = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
            with pytest.raises(grpc.RpcError):
                infer(b"nonsense", timeout=PATIENCE)
        predictor.stop()
    late, unknown = collector.find(ROUTES["v1"])
    assert late.attributes["http.response.status_code"] == 503
    assert late.attributes["error.type"] == "503"
    assert late.attributes["viewfinder.outcome"] == "busy"
    assert late.is_error
    assert unknown.attributes["http.response.status_code"] == 404
    assert len(unknown.attributes["url.path"]) == 256
    assert not unknown.is_error  # it is the client's mistake
    (other,) = collector.find("HTTP")
    assert other.attributes["http.request.method"] == "_OTHER"
    (call,) = collector.find(ROUTES["grpc"])
    assert call.attributes["rpc.response.status_code"] == "INVALID_ARGUMENT"
    assert call.attributes["viewfinder.outcome"] == "refused"
    assert len([span for span in collector.spans if span.kind == SERVER]) == 4


def test_traces_that_the_sampler_drops_are_not_sent(start, photo, collector, monkeypatch):
    """What the client keeps is still the exemplar."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with start() as predictor:
        predictor.client.post(predictor.predict_path, headers={"traceparent": header})
        assert find_exemplars(predictor, "v1") == [{"trace_id": header[3:35]}]
        predictor.stop()
    assert collector.spans == []


@pytest.mark.parametrize("collector_is", ["absent", "silent"])
def test_a_collector_that_does_not_answer_costs_one_line(start, photo, monkeypatch, collector_is):
    forget_settings(monkeypatch)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "8")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "8")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1] if collector_is == "silent" else free_port()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
        with start() as predictor:
            for _ in range(30):
                assert predictor.predict(photo("red")).status_code == 200
            assert predictor.stop() == 0
            log = predictor.log.read_text()
    lines = [line for line in log.splitlines() if "viewfinder_serving.access" not in line]
    assert len([line for line in lines if "spans are lost" in line]) == 1, log
    assert not [line for line in lines if "opentelemetry" in line or "Traceback" in line], log


def find_children(collector: Receiver, parent: Span) -> list[Span]:
    found = [span for span in collector.spans if span.parent_id == parent.span_id]
    assert all(span.trace_id == parent.trace_id for span in found)
    return sorted(found, key=lambda span: (span.start, span.end))
