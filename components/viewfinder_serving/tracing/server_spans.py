"""Describe requests as OpenTelemetry's semantic conventions say, version 1.43.

[HTTP](https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span) and
[gRPC](https://opentelemetry.io/docs/specs/semconv/rpc/grpc/). What a client chooses is cut off.
"""

import re
from collections.abc import Mapping

from opentelemetry.semconv.attributes.client_attributes import CLIENT_ADDRESS
from opentelemetry.semconv.attributes.http_attributes import (
    HTTP_REQUEST_METHOD,
    HTTP_RESPONSE_STATUS_CODE,
    HTTP_ROUTE,
)
from opentelemetry.semconv.attributes.network_attributes import NETWORK_PROTOCOL_VERSION
from opentelemetry.semconv.attributes.url_attributes import URL_PATH, URL_SCHEME
from opentelemetry.semconv.attributes.user_agent_attributes import USER_AGENT_ORIGINAL

from viewfinder_serving.exchange import Exchange
from viewfinder_serving.tracing.request_trace import RequestTrace
from viewfinder_serving.tracing.span_writer import Finished, SpanWriter

_OUTCOME = "viewfinder.outcome"
_PHOTOS = "viewfinder.photos"
_LONGEST = 256  # characters of a text that a client chooses
_METHOD = "inference.GRPCInferenceService/ModelInfer"
_ROUTE = re.compile(r"/(v[12])/models/[^/:]+(/versions/[^/:]+)?(:predict|:explain|/infer)")
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
_OTHER = "_OTHER"  # the conventions' name for any other method
_FAILED = 500
_FAILED_CODES = ("INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED")  # of those that a server sends


class ServerSpans:
    """Writes the spans of finished requests.

    Args:
        writer: What writes them.
    """

    def __init__(self, writer: SpanWriter) -> None:
        self._writer = writer

    def write_request(
        self, trace: RequestTrace, exchange: Exchange, status: int, outcome: str, photos: int
    ) -> str:
        """Write the spans of an HTTP request.

        Args:
            trace: What it spent its time on.
            exchange: The request.
            status: Its HTTP status.
            outcome: What came of it, as in the metric `viewfinder_requests_total`.
            photos: How many photos were answered.

        Returns:
            The trace's id; empty if nobody keeps this trace.
        """
        attributes = _describe_request(exchange)
        attributes |= {HTTP_RESPONSE_STATUS_CODE: status, _OUTCOME: outcome, _PHOTOS: photos}
        method = str(attributes[HTTP_REQUEST_METHOD]).replace(_OTHER, "HTTP")
        name = f"{method} {attributes.get(HTTP_ROUTE, '')}".rstrip()
        error = str(status) if status >= _FAILED else ""
        return self._writer.write(trace, exchange.headers, Finished(name, attributes, error))

    def write_call(
        self, trace: RequestTrace, headers: Mapping[str, str], peer: str, code: str, outcome: str
    ) -> str:
        """Write the spans of a gRPC call of `ModelInfer`.

        Args:
            trace: What it spent its time on.
            headers: Its metadata.
            peer: The client, as gRPC names it.
            code: The name of its status code.
            outcome: What came of it, as in the metric `viewfinder_requests_total`.

        Returns:
            The trace's id; empty if nobody keeps this trace.
        """
        attributes: dict[str, str | int] = {
            "rpc.system.name": "grpc",
            "rpc.method": _METHOD,
            "rpc.response.status_code": code,
            CLIENT_ADDRESS: peer[:_LONGEST],
            _OUTCOME: outcome,
        }
        error = code if code in _FAILED_CODES else ""
        return self._writer.write(trace, headers, Finished(_METHOD, attributes, error))


def _describe_request(exchange: Exchange) -> dict[str, str | int]:
    attributes: dict[str, str | int] = {
        HTTP_REQUEST_METHOD: exchange.method if exchange.method in _METHODS else _OTHER,
        URL_PATH: exchange.raw_path.decode("latin-1")[:_LONGEST],
        URL_SCHEME: exchange.scheme,
        NETWORK_PROTOCOL_VERSION: exchange.http_version,
        CLIENT_ADDRESS: exchange.address,
    }
    if found := _ROUTE.fullmatch(exchange.path):
        version = "/versions/{version}" if found[2] else ""
        attributes[HTTP_ROUTE] = f"/{found[1]}/models/{{name}}{version}{found[3]}"
    if agent := exchange.headers.get("user-agent"):
        attributes[USER_AGENT_ORIGINAL] = agent[:_LONGEST]
    return attributes
