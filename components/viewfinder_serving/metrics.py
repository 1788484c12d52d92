"""What `/metrics` contains, besides kserve's own `request_*_seconds`.

No label has a value chosen by a client, so the number of series is bounded.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Counter, Gauge, Histogram

_WHOLE_REQUEST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_PHOTOS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
_CONFIDENCE = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
_MOST_CLASSES = 1_000
_ONE_PHOTO = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

REQUESTS = Counter(
    "viewfinder_requests",
    "Prediction requests by protocol (v1, v2, grpc), outcome (answered, refused, busy, gone, "
    "failed) and HTTP status",
    ["protocol", "outcome", "status"],
)
REQUEST_SECONDS = Histogram(
    "viewfinder_request_seconds",
    "Seconds from a prediction request's header to its answer, including the client's upload",
    ["protocol"],
    buckets=_WHOLE_REQUEST,
)
REQUESTS_IN_FLIGHT = Gauge(
    "viewfinder_requests_in_flight", "Prediction requests in the server, including waiting ones"
)
REQUESTS_WAITING = Gauge(
    "viewfinder_requests_waiting",
    "Prediction requests whose body has arrived, and that wait for a free core",
)
REQUESTS_LIMIT = Gauge(
    "viewfinder_requests_limit", "Prediction requests beyond which the server refuses more as busy"
)
QUEUE_SECONDS = Histogram(
    "viewfinder_queue_seconds",
    "Seconds that a request whose body has arrived waits for a free core",
    buckets=_WHOLE_REQUEST,
)
THREADS = Gauge("viewfinder_threads", "Requests that are processed at a time")
BUSY_SECONDS = Counter(
    "viewfinder_busy_seconds",
    "Seconds in which threads processed requests; its rate divided by viewfinder_threads is the "
    "share of the capacity that is used",
)
PHOTOS = Counter("viewfinder_photos", "Photos answered")
REQUEST_PHOTOS = Histogram(
    "viewfinder_request_photos", "Photos of each answered request", buckets=_PHOTOS
)
PREDICTIONS = Counter(
    "viewfinder_predictions",
    "Photos by the class that was most probable; of more than 1,000 classes, the others have an "
    "empty name",
    ["predicted"],
)
CONFIDENCE = Histogram(
    "viewfinder_confidence", "Probability of the most probable class", buckets=_CONFIDENCE
)
PHOTOS_REFUSED = Counter(
    "viewfinder_photos_refused", "Photos that could not be opened, by kind", ["kind"]
)
DECODE_SECONDS = Histogram(
    "viewfinder_decode_seconds", "Seconds to decode and resize one photo", buckets=_ONE_PHOTO
)
INFERENCE_SECONDS = Histogram(
    "viewfinder_inference_seconds", "Seconds of the model for one photo", buckets=_ONE_PHOTO
)
MODEL_INFO = Gauge(
    "viewfinder_model_info",
    "1; its labels identify the served model",
    ["model", "version", "run_id", "labels", "precision", "digest"],
)
MODEL_CREATED = Gauge(
    "viewfinder_model_created_timestamp_seconds",
    "When the served model was exported, in seconds since 1970",
    ["model", "version"],
)
LOAD_SECONDS = Gauge(
    "viewfinder_model_load_seconds", "Seconds to read the model, compile it and run it once"
)
START_SECONDS = Gauge(
    "viewfinder_start_seconds", "Seconds from the start of the process until it was ready"
)
DRIFT_PHOTOS = Counter(
    "viewfinder_drift_photos",
    "Answered photos, or under load a sample, by the bins of the version's drift reference; "
    "precision is that of the reference, and empty for what is measured on photos",
    ["measure", "bin", "precision", "version"],
)
DRIFT_REFERENCE_SHARE = Gauge(
    "viewfinder_drift_reference_share",
    "Share of photos expected in the bin; above is its lower edge, or the class",
    ["measure", "bin", "above", "precision", "version"],
)
DRIFT_LIMIT = Gauge(
    "viewfinder_drift_limit",
    "Statistic beyond which a measure has drifted",
    ["measure", "precision", "version"],
)
DRIFT_REFERENCE_PHOTOS = Gauge(
    "viewfinder_drift_reference_photos", "Photos of the drift reference", ["version"]
)
DRIFT_LEAST_PHOTOS = Gauge(
    "viewfinder_drift_least_photos",
    "Photos of a window below which nothing is concluded from the drift statistic",
    ["version"],
)
DRIFT_MOST_PHOTOS = Gauge(
    "viewfinder_drift_most_photos",
    "Photos of a window beyond which the drift statistic counts no more",
    ["version"],
)
READY = Gauge("viewfinder_ready", "1 while the server is ready, 0 before that and while it drains")


class PredictionCounts:
    """Counts what the model says.

    Args:
        labels: The classes, in the order of the model's outputs.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        named = [PREDICTIONS.labels(label) for label in labels[:_MOST_CLASSES]]
        rest = [PREDICTIONS.labels("")] if len(labels) > _MOST_CLASSES else []
        self._classes: list[Any] = named + rest * (len(labels) - len(named))

    def count(self, rows: NDArray[np.float32]) -> None:
        """Count one request's photos.

        Args:
            rows: Probabilities, float32 `[n, labels]`.
        """
        PHOTOS.inc(len(rows))
        REQUEST_PHOTOS.observe(len(rows))
        for index, confidence in zip(rows.argmax(axis=1), rows.max(axis=1), strict=True):
            self._classes[index].inc()
            CONFIDENCE.observe(float(confidence))
