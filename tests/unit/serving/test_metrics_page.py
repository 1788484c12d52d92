"""The page with metrics, for whatever a client says that it accepts."""

import pytest
from prometheus_client import CollectorRegistry, Counter

from viewfinder_serving.metrics_page import reply_metrics

TEXT, OPEN = "text/plain; version=0.0.4; charset=utf-8", "application/openmetrics-text"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", TEXT),
        ("*/*", TEXT),
        ("text/html;q=x, ;;=", TEXT),
        ("application/openmetrics-text", OPEN),
        ("application/openmetrics-text; version=newest", TEXT),
        ("text/plain; version==", TEXT),
    ],
)
def test_the_format_is_one_that_is_accepted(accept: str, content_type: str) -> None:
    registry = CollectorRegistry()
    Counter("photos", "Photos.", registry=registry).inc()
    reply = reply_metrics(registry, accept)
    assert reply.content_type.startswith(content_type)
    assert b"photos_total 1.0" in reply.body
