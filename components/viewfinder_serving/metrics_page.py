"""The page with metrics that Prometheus reads."""

from prometheus_client import CollectorRegistry, exposition

from viewfinder_serving.exchange import Reply


def reply_metrics(registry: CollectorRegistry, accept: str) -> Reply:
    """Return the metrics in the format that a client accepts.

    Args:
        registry: The metrics.
        accept: The request's `Accept`; if it makes no sense, Prometheus' text format is sent.
    """
    try:
        encode, content_type = exposition.choose_encoder(accept)
    except (TypeError, ValueError):  # of a version that is no number
        encode, content_type = exposition.choose_encoder("")
    return Reply(encode(registry), content_type=content_type)
