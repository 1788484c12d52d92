"""OpenTelemetry's SDK: which traces are kept, and how their spans get to a collector.

Its environment variables say where to, how much, and how often. Spans wait in a bounded queue for a
thread that sends them, so a collector that is slow or down costs spans, and never an answer.
"""

import io
import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.semconv.attributes.service_attributes import SERVICE_NAME, SERVICE_VERSION

from viewfinder_components.errors import UsageError, reason_of
from viewfinder_components.library_messages import strip_addresses
from viewfinder_serving.tracing.choice import VARIABLES
from viewfinder_serving.tracing.server_spans import ServerSpans
from viewfinder_serving.tracing.span_writer import SpanWriter

_NAME = "viewfinder-predictor"
_FLUSH_SECONDS = 5.0  # at the end of the process; Kubernetes waits for 30 s altogether by default

_RETRIED = "Transient error"  # how the exporter's messages about a repeated attempt begin

_SENDERS = ("opentelemetry.exporter.", "opentelemetry.sdk._shared_internal")
_HEADERS_LOGGER = "opentelemetry.util.re"  # which repeats headers, and so tokens
_LONGEST = 500  # characters of a message
_LENGTH_DIGITS = 4  # of an answer that is read; a collector's has a few bytes
_CREDENTIAL_PROVIDERS = (
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER",
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER",
)

_log = logging.getLogger(__name__)


@contextmanager
def exporting(attributes: Mapping[str, str]) -> Iterator[ServerSpans]:
    """Send spans to a collector while the block runs, and those that are left at its end.

    Args:
        attributes: What is served, for every span.

    Raises:
        UsageError: An environment variable of OpenTelemetry cannot be used.
    """
    messages = _Messages()
    library = logging.getLogger("opentelemetry")
    library.addHandler(messages)
    library.propagate = False
    try:
        provider, spans = _start(attributes, messages)
        try:
            yield spans
        finally:
            # The SDK would wait for 30 s for a collector that does not answer.
            flushing = threading.Thread(target=provider.shutdown, daemon=True)
            flushing.start()
            flushing.join(_FLUSH_SECONDS)
    finally:
        library.removeHandler(messages)
        library.propagate = True


def _start(
    attributes: Mapping[str, str], messages: "_Messages"
) -> tuple[TracerProvider, ServerSpans]:
    try:
        exporter = _LoggingExporter(OTLPSpanExporter(session=_make_session()), messages)
        provider = TracerProvider(resource=_describe(attributes), shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(exporter))
        spans = ServerSpans(SpanWriter(provider))
    except Exception as error:  # the SDK raises anything for a variable that it cannot use
        raise UsageError(VARIABLES, reason_of(error), "correct it") from error
    messages.has_started = True
    _log.info("traces are sent to a collector, in batches")
    return provider, spans


def _make_session() -> requests.Session | None:
    """Return what sends; None if the environment names something that does."""
    if any(os.environ.get(name) for name in _CREDENTIAL_PROVIDERS):
        return None
    session = requests.Session()
    session.hooks["response"].append(_skip_long_body)
    return session


def _skip_long_body(response: requests.Response, **_: object) -> None:
    """Let no answer fill the memory; the exporter needs only the status."""
    length = response.headers.get("content-length", "")
    if not (length.isascii() and length.isdigit() and len(length) <= _LENGTH_DIGITS):
        response.close()
        response.raw = io.BytesIO()


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


class _Messages(logging.Handler):
    """Logs what the SDK says at its start, and then what it says first about lost spans.

    It says more, such as that a client's headers make no sense, which is not the server's concern.

    Attributes:
        has_started: Whether the SDK has started.
        has_said: Whether a loss has been logged; nothing more is until this is False.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.has_started = self.has_said = False
        self._reason = ""

    def emit(self, record: logging.LogRecord) -> None:
        if not self.has_started:
            is_secret = record.name == _HEADERS_LOGGER
            text = "a header of the environment is not valid" if is_secret else record.getMessage()
            _log.warning("OpenTelemetry: %s", strip_addresses(text)[:_LONGEST])
        elif record.name.startswith(_SENDERS):
            self._tell_loss(strip_addresses(record.getMessage())[:_LONGEST])

    def _tell_loss(self, text: str) -> None:
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

    def __init__(self, exporter: SpanExporter, messages: _Messages) -> None:
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
