"""Whether traces are written; if not, OpenTelemetry's packages are not even imported."""

import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from viewfinder_components.errors import PermanentError, UsageError, ViewfinderError, reason_of

if TYPE_CHECKING:
    from viewfinder_serving.tracing.server_spans import ServerSpans

# https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PROTOCOL = "http/protobuf"
VARIABLES = "environment variables that OpenTelemetry can use"
"""What is expected of all of them, as errors name it."""
_USER = re.compile(r"//[^/]*@")  # which may have a password

_log = logging.getLogger(__name__)


@contextmanager
def tracing(asked: bool | None, attributes: Mapping[str, str]) -> Iterator["ServerSpans | None"]:
    """Let spans be written while the block runs; those that are left are sent at its end.

    Args:
        asked: True to write traces, False to write none, None to let the environment decide.
        attributes: What is served, for every span.

    Yields:
        What writes spans; None if nothing does.

    Raises:
        PermanentError: Traces were asked for, and a variable does not allow them, or a package is
            not installed. If it was the environment that asked, the log says so instead: a
            predictor without traces is better than none.
    """
    spans = None
    with ExitStack() as stack:
        if _is_wanted(asked):
            try:
                spans = stack.enter_context(_start(attributes))
            except ViewfinderError as error:
                if asked:
                    raise
                _log.warning("traces are off: %s", error)
        yield spans


def _is_wanted(asked: bool | None) -> bool:
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if os.environ.get("OTEL_TRACES_EXPORTER", "").strip() == "none":
        return False
    return any(os.environ.get(name) for name in _ENDPOINTS) if asked is None else asked


@contextmanager
def _start(attributes: Mapping[str, str]) -> Iterator["ServerSpans"]:
    _need_protocol()
    _need_endpoint()
    try:
        from viewfinder_serving.tracing.export import exporting
    except ImportError as error:
        raise PermanentError(
            "the packages of OpenTelemetry for --tracing",
            f"none of the name {error.name}",
            "run `pip install 'viewfinder[serving]'`, or leave --tracing out",
        ) from error
    except Exception as error:  # of a variable that OpenTelemetry reads while it is imported
        raise UsageError(VARIABLES, reason_of(error), "correct it") from error
    with exporting(attributes) as spans:
        yield spans


def _need_protocol() -> None:
    name = next((name for name in _PROTOCOLS if os.environ.get(name)), "")
    if name and os.environ[name].strip() != _PROTOCOL:
        raise UsageError(
            f"the environment variable {name} to be {_PROTOCOL}",
            repr(os.environ[name]),
            "set it, and let the endpoint be the collector's port for HTTP, which is usually 4318",
        )


def _need_endpoint() -> None:
    name = next((name for name in _ENDPOINTS if os.environ.get(name)), "")
    if not name:
        return
    try:
        parts = urlsplit(os.environ[name].strip())
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url:
        raise UsageError(
            f"the environment variable {name} to be the URL of a collector",
            repr(_USER.sub("//", os.environ[name])),
            "write it as in http://collector:4318",
        )
