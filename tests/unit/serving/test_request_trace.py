"""What a request spent its time on, and the spans that are made of it."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from viewfinder_serving.tracing.request_trace import RequestTrace, phase
from viewfinder_serving.tracing.span_writer import Finished, SpanWriter


def write(trace: RequestTrace, error: str = "") -> InMemorySpanExporter:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    SpanWriter(provider).write(trace, {}, Finished("POST", {"a": 1}, error))
    return exporter


def test_a_phase_that_failed_says_how():
    trace = RequestTrace()
    with phase(trace, "decode", 0):
        pass
    with pytest.raises(KeyError), phase(trace, "decode", 1):
        raise KeyError
    good, bad, server = write(trace).get_finished_spans()
    assert good.status.is_ok
    assert not bad.status.is_ok
    assert dict(bad.attributes) == {"viewfinder.photo.index": 1, "error.type": "KeyError"}
    assert server.status.is_ok
    assert server.start_time <= good.start_time <= good.end_time <= bad.start_time
    assert bad.end_time <= server.end_time
    assert bad.parent.span_id == server.context.span_id


def test_a_request_that_the_server_failed_to_answer_is_an_error():
    (server,) = write(RequestTrace(), "500").get_finished_spans()
    assert dict(server.attributes) == {"a": 1, "error.type": "500"}
    assert not server.status.is_ok


def test_without_a_trace_a_phase_is_nothing():
    with phase(None, "decode"):
        pass
