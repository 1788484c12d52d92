"""Let pages of other origins in a browser ask the predictor (CORS, https://fetch.spec.whatwg.org)."""

import re
from collections.abc import Sequence
from typing import Any

from viewfinder_components.bearer_token import OWN_HEADER

ORIGIN_RULE = "* or an origin as browsers send it, such as https://photos.example.org"

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?:[a-z0-9._-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")
_DEFAULT_PORT = re.compile(r"http://.*:80|https://.*:443")  # browsers omit it
_ACCEPTED_HEADERS = (
    *("authorization", OWN_HEADER),
    *("content-encoding", "inference-header-content-length"),
    *("traceparent", "tracestate"),  # OpenTelemetry's JavaScript sends them
)
_SHOWN_HEADERS = (
    *("inference-header-content-length", "viewfinder-model-version"),
    *("retry-after", "www-authenticate"),
)


def is_origin(text: str) -> bool:
    """Whether a browser may send this as `Origin`, or it stands for all of them."""
    fits = _ORIGIN.fullmatch(text) and not _DEFAULT_PORT.fullmatch(text)
    return text == "*" or bool(fits)


def allow_origins(app: Any, origins: Sequence[str]) -> Any:
    """Return an ASGI application that also answers pages of these origins.

    Without credentials in the sense of CORS: the predictor knows no cookies. A page sends a token
    by itself, in a header, which browsers ask for permission first, in a request without a token.

    Args:
        app: The ASGI application.
        origins: What `is_origin` accepts.
    """
    from starlette.middleware.cors import CORSMiddleware

    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=("GET", "POST"),
        allow_headers=_ACCEPTED_HEADERS,
        expose_headers=_SHOWN_HEADERS,
    )
