"""The headers that tell a server to which trace a request belongs."""

import subprocess
import sys

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from viewfinder_client.trace_headers import make_trace_headers


def test_an_active_span_is_passed_on():
    with TracerProvider().get_tracer("tests").start_as_current_span("shop") as span:
        headers = make_trace_headers()
    context = span.get_span_context()
    ids = trace.format_trace_id(context.trace_id), trace.format_span_id(context.span_id)
    assert headers["traceparent"].split("-")[1:3] == list(ids)


def test_without_a_span_there_are_no_headers():
    assert make_trace_headers() == {}


def test_opentelemetry_is_not_imported_for_it():
    program = (
        "import sys; from viewfinder_client.trace_headers import make_trace_headers\n"
        "print(make_trace_headers(), 'opentelemetry' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout == "{} False\n"
