"""What `/metrics` contains, besides kserve's own `request_*_seconds`.

No label has a value chosen by a client, so the number of series is bounded.
"""

from prometheus_client import Counter, Gauge, Histogram

_WHOLE_REQUEST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
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
QUEUE_SECONDS = Histogram(
    "viewfinder_queue_seconds",
    "Seconds that a request whose body has arrived waits for a free core",
    buckets=_WHOLE_REQUEST,
)
PHOTOS = Counter("viewfinder_photos", "Photos answered")
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
    ["model", "version", "run_id", "labels", "precision"],
)
READY = Gauge("viewfinder_ready", "1 while the server is ready, 0 before that and while it drains")
