"""The rows of the capacity, and of what the predictor does with its time."""

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from dashboards.panels import draw_lines
from dashboards.queries import BUSY, WAITING, Query, mean, quantile, select
from dashboards.subjects import Limit, Subject

_PHASES = {
    "queue": "viewfinder_queue_seconds",
    "decode": "viewfinder_decode_seconds",
    "inference": "viewfinder_inference_seconds",
}


def draw_capacity() -> list[Builder[Panel]]:
    """Return how much of the capacity is used."""
    busy = Subject(
        "Share of the threads in use",
        "The alert fires if this is above the line and requests wait. Photos that need much memory "
        "have further threads, so this can exceed 100%. TensorFlow Serving does not tell.",
        (Query(select(BUSY), "in use"),),
        units.PercentUnit,
        limits=(Limit("ViewfinderSaturated"),),
    )
    waiting = Subject(
        "Requests that wait for a core",
        "Requests whose body has arrived, on average. TensorFlow Serving does not tell.",
        (Query(select(WAITING), "waiting"),),
        limits=(Limit("ViewfinderSaturated", 1),),
    )
    inside = Subject(
        "Requests in the servers",
        "Requests in all pods, the threads that process them, and the limit beyond which more are "
        "refused as busy. TensorFlow Serving does not tell.",
        tuple(
            Query(f"sum({select(series)})", title)
            for title, series in {
                "requests": "viewfinder_requests_in_flight",
                "threads": "viewfinder_threads",
                "limit": "viewfinder_requests_limit",
            }.items()
        ),
        runbooks=("ViewfinderSaturated",),
    )
    return [draw_lines(subject, span=8) for subject in (busy, waiting, inside)]


def draw_times() -> list[Builder[Panel]]:
    """Return how long requests wait, and photos take to be decoded and classified."""
    shares = {"Median": 0.5, "p99": 0.99}
    phases = [
        Subject(
            f"{title} of each phase",
            "The queue for a request; decoding and the model for a photo. What a request takes "
            "beyond them is mostly its upload. TensorFlow Serving does not tell.",
            tuple(Query(quantile(share, series), name) for name, series in _PHASES.items()),
            units.Seconds,
            runbooks=("ViewfinderLatencyHigh",),
        )
        for title, share in shares.items()
    ]
    photos = Subject(
        "Photos per request",
        "The mean of the answered requests. A request with many photos takes longer.",
        (Query(mean("viewfinder_request_photos"), "photos"),),
    )
    return [draw_lines(subject, span=8) for subject in (*phases, photos)]
