"""What Prometheus is asked for the figures of a service: all of it in one expression.

The recorded series of `manifests/monitoring` are used where they exist. They have TensorFlow
Serving's figures as well, and are the ones that the alerts are about.
"""

import json

FIGURE = "figure"
"""The label that says which figure a series is."""

# Fields of `ServingFigures`: the recorded series, if there is one, and the plain expression.
_RECORDED = {
    "requests_per_second": "inferenceservice:viewfinder_requests:rate5m",
    "p50_seconds": "inferenceservice:viewfinder_request_seconds:p50_5m",
    "p95_seconds": "inferenceservice:viewfinder_request_seconds:p95_5m",
    "p99_seconds": "inferenceservice:viewfinder_request_seconds:p99_5m",
    "busy_share": "inferenceservice:viewfinder_busy:ratio5m",
    "waiting": "inferenceservice:viewfinder_requests_waiting:avg5m",
    "classes": "inferenceservice_predicted:viewfinder_predictions:share1h",
    "confidence": "inferenceservice:viewfinder_confidence:mean1h",
}
_QUANTILE = (
    "histogram_quantile({share}, sum by (le) (rate(viewfinder_request_seconds_bucket{of}[5m])))"
)
_MEAN = "sum(rate({name}_sum{of}[{window}])) / (sum(rate({name}_count{of}[{window}])) > 0)"


def write_query(service: str, namespace: str | None) -> str:
    """Return the expression for the figures of a service.

    Args:
        service: Its name.
        namespace: Its namespace; None for all.
    """
    names = {"inferenceservice": service} | ({"namespace": namespace} if namespace else {})
    of = "{" + ", ".join(f"{name}={json.dumps(value)}" for name, value in names.items()) + "}"
    tagged = []
    for name, plain in _list_expressions(of).items():
        recorded = _RECORDED.get(name)
        expression = f"({_add_up(name, recorded + of)}) or on () ({plain})" if recorded else plain
        tagged.append(f'label_replace({expression}, "{FIGURE}", "{name}", "", "")')
    return "\nor ".join(tagged)


def _add_up(name: str, series: str) -> str:
    """Return a recorded series over the namespaces, if there are several."""
    if name == "classes":
        return f"avg by (predicted) ({series})"
    return f"sum({series})" if name in ("requests_per_second", "waiting") else f"max({series})"


def _list_expressions(of: str) -> dict[str, str]:
    predictions = f"rate(viewfinder_predictions_total{of}[1h])"
    by_pod = "sum by (namespace, pod, instance)"
    pods = "|".join(
        (
            *(
                "ready",
                "model_info",
                "start_seconds",
                "model_load_seconds",
                "container_memory_bytes",
            ),
            "container_memory_limit_bytes",
        )
    )
    return {
        "requests_per_second": f"sum(rate(viewfinder_requests_total{of}[5m]))",
        "outcomes": f"sum by (outcome) (rate(viewfinder_requests_total{of}[5m]))",
        "p50_seconds": _QUANTILE.format(share=0.5, of=of),
        "p95_seconds": _QUANTILE.format(share=0.95, of=of),
        "p99_seconds": _QUANTILE.format(share=0.99, of=of),
        "busy_share": f"sum(rate(viewfinder_busy_seconds_total{of}[5m])) / "
        f"sum(viewfinder_threads{of})",
        "in_flight": f"sum(viewfinder_requests_in_flight{of})",
        "waiting": f"sum(viewfinder_requests_waiting{of})",
        "limit": f"sum(viewfinder_requests_limit{of})",
        **{
            f"{part}_seconds": _MEAN.format(name=f"viewfinder_{part}_seconds", of=of, window="5m")
            for part in ("queue", "decode", "inference")
        },
        "photos_per_second": f"sum(rate(viewfinder_photos_total{of}[5m]))",
        "refused_photos": f"sum by (kind) (rate(viewfinder_photos_refused_total{of}[5m]))",
        "classes": f"sum by (predicted) ({predictions}) / on () group_left () "
        f"(sum({predictions}) > 0)",
        "confidence": _MEAN.format(name="viewfinder_confidence", of=of, window="1h"),
        "pods": f'{{__name__=~"viewfinder_({pods})", {of[1:]}',
        "pod_requests": f"{by_pod} (rate(viewfinder_requests_total{of}[5m]))",
        "throttled": f"{by_pod} "
        f"(rate(viewfinder_container_cpu_throttled_periods_total{of}[5m])) / "
        f"({by_pod} (rate(viewfinder_container_cpu_periods_total{of}[5m])) > 0)",
        "up": f"up{of}",
    }
