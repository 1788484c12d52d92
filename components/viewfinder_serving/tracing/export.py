"""OpenTelemetry's SDK: which traces are kept, and how their spans get to a collector.

Its environment variables say where to, how much, and how often. Spans wait in a bounded queue for a
thread that sends them, so a collector that is slow or down costs spans, and never an answer.
"""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.semconv.attributes.service_attributes import SERVICE_NAME, SERVICE_VERSION

from viewfinder_components.errors import UsageError, reason_of
from viewfinder_components.library_messages import strip_addresses
from viewfinder_serving.tracing.server_spans import ServerSpans
from viewfinder_serving.tracing.span_writer import SpanWriter

_NAME = "viewfinder-predictor"
_FLUSH_SECONDS = 5.0  # at the end of the process; Kubernetes waits for 30 s altogether by default

_RETRIED = "Transient error"  # how the exporter's messages about a repeated attempt begin

_log = logging.getLogger(__name__)


@contextmanager
def exporting(attributes: Mapping[str, str]) -> Iterator[ServerSpans]:
    """Send spans to a collector while the block runs, and those that are left at its end.

    Args:
        attributes: What is served, for every span.

    Raises:
        UsageError: An environment variable of OpenTelemetry cannot be used.
    """
    messages = _FirstMessage()
    try:
        exporter = _LoggingExporter(OTLPSpanExporter(), messages)
        provider = TracerProvider(resource=_describe(attributes), shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(exporter))
    except ValueError as error:
        raise UsageError(
            "environment variables that OpenTelemetry can use", reason_of(error), "correct it"
        ) from error
    _log.info("traces are sent to a collector, in batches")
    library = logging.getLogger("opentelemetry")
    library.addHandler(messages)
    library.propagate = False
    try:
        yield ServerSpans(SpanWriter(provider))
    finally:
        # The SDK would wait for 30 s for a collector that does not answer.
        flushing = threading.Thread(target=provider.shutdown, daemon=True)
        flushing.start()
        flushing.join(_FLUSH_SECONDS)
        library.removeHandler(messages)
        library.propagate = True


def _describe(attributes: Mapping[str, str]) -> Resource:
    """Return what the spans are about, where the environment's own names come first."""
    resource = Resource.create(attributes)
    own = {SERVICE_VERSION: _find_release()} | dict(resource.attributes)
    if str(own[SERVICE_NAME]).startswith("unknown_service"):  # the SDK's own
        own[SERVICE_NAME] = _NAME
    return Resource(own)


def _find_release() -> str:
    try:
        return version("viewfinder")
    except PackageNotFoundError:  # imported from a source tree that was never installed
        return "dev"


class _FirstMessage(logging.Handler):
    """Logs what the SDK says first about lost spans, and nothing more until `has_said` is False."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.has_said = False
        self._reason = ""

    def emit(self, record: logging.LogRecord) -> None:
        text = strip_addresses(record.getMessage())
        if text.startswith(_RETRIED):  # nothing is lost yet, but only this says why
            self._reason = f" {text}"
        elif not self.has_said:
            self.has_said = True
            _log.warning(
                "spans are lost (this is not logged again until some arrive): %s%s",
                text,
                self._reason,
            )


class _LoggingExporter(SpanExporter):
    """Sends spans with another exporter, and logs one line when that begins to fail, or ends to.

    Args:
        exporter: Sends them.
        messages: Logs why it fails.
    """

    def __init__(self, exporter: SpanExporter, messages: _FirstMessage) -> None:
        self._exporter, self._messages = exporter, messages
        self._is_failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans."""
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self._is_failing = True
        elif self._is_failing:
            self._is_failing = self._messages.has_said = False
            _log.info("spans arrive again")
        return result

    def shutdown(self) -> None:
        """Close the connection."""
        self._exporter.shutdown()
