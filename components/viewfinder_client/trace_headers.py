"""Tell the server to which trace of the caller a request belongs."""

import sys


def make_trace_headers() -> dict[str, str]:
    """Return the headers for the caller's active span; empty if there is none.

    They are those of the propagators that the caller has chosen for OpenTelemetry, in small letters
    as gRPC wants them; by default `traceparent` ([W3C Trace Context](https://www.w3.org/TR/trace-context/)).
    A program that has a span has imported OpenTelemetry, so this need not.
    """
    if "opentelemetry.trace" not in sys.modules:
        return {}
    from opentelemetry import propagate, trace

    headers: dict[str, str] = {}
    if trace.get_current_span().get_span_context().is_valid:
        propagate.inject(headers)
    return {name.lower(): value for name, value in headers.items()}
