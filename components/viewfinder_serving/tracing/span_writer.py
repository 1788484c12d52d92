"""Make spans of a finished request."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from opentelemetry import propagate
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.schemas import Schemas
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context

from viewfinder_serving.tracing.request_trace import Phase, RequestTrace

_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class Finished:
    """How a request was answered.

    Attributes:
        name: The span's name, which no client can choose.
        attributes: The span's attributes.
        error: What failed in the server; empty if nothing did.
    """

    name: str
    attributes: Mapping[str, str | int]
    error: str = ""


class SpanWriter:
    """Writes the spans of requests, after they have been answered, so that nobody waits for it.

    Args:
        provider: Decides which traces are kept, and takes their spans.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("viewfinder_serving", schema_url=Schemas.V1_43_0.value)

    def write(self, trace: RequestTrace, headers: Mapping[str, str], finished: Finished) -> str:
        """Write the spans of a request that is over now.

        Args:
            trace: What it spent its time on.
            headers: Its headers, by which the client may say to which trace it belongs.
            finished: How it was answered.

        Returns:
            The trace's id; empty if nobody keeps this trace.
        """
        # Spans need the time of day, which may be set back while a request runs.
        offset = time.time_ns() - round(time.monotonic() * _NANOSECONDS)
        span = self._tracer.start_span(
            finished.name,
            propagate.extract(headers),
            SpanKind.SERVER,
            finished.attributes,
            start_time=offset + round(trace.started * _NANOSECONDS),
        )
        if not span.is_recording():
            return ""
        inside = set_span_in_context(span)
        for phase in tuple(trace.phases):
            self._write_phase(phase, inside, offset)
        _end(span, finished.error, time.monotonic(), offset)
        return format(span.get_span_context().trace_id, "032x")

    def _write_phase(self, phase: Phase, inside: Context, offset: int) -> None:
        span = self._tracer.start_span(
            phase.name,
            inside,
            attributes={} if phase.photo is None else {"viewfinder.photo.index": phase.photo},
            start_time=offset + round(phase.start * _NANOSECONDS),
        )
        _end(span, phase.error, phase.end, offset)


def _end(span: Span, error: str, end: float, offset: int) -> None:
    if error:
        span.set_attribute(ERROR_TYPE, error)
        span.set_status(Status(StatusCode.ERROR))
    span.end(offset + round(end * _NANOSECONDS))
