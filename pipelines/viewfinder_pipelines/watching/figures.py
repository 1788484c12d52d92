"""The figures of a served model at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class ServingReplica:
    """One predictor process of a served model. What is not known is None, or empty."""

    address: str
    """Its URL, or its pod's name."""
    problem: str = ""
    """Why it has no figures now; empty if it has."""
    is_ready: bool = False
    """Whether it says that it takes requests."""
    model: str = ""
    """The model's name."""
    version: str = ""
    """The served version."""
    precision: str = ""
    """The model's precision, such as `f32` or `int8`."""
    digest: str = ""
    """The digest of the version's manifest, which stands for all its files."""
    requests_per_second: float | None = None
    """Prediction requests, whatever came of them."""
    start_seconds: float | None = None
    """From the start of the process until it was ready."""
    load_seconds: float | None = None
    """Reading the model, compiling it and running it once; a part of the start."""
    memory_bytes: float | None = None
    """Memory that the container uses."""
    memory_limit_bytes: float | None = None
    """Memory beyond which it is killed."""
    throttled_share: float | None = None
    """Share of the scheduler's periods with work in which the limit of processor time stopped it;
    None without such a limit."""


@dataclass(frozen=True)
class ServingFigures:
    """What a served model does, all replicas together. What is not known is None, or empty.

    Rates and shares are of the last seconds, as `watch` was told; counts are of the moment.
    """

    time: datetime
    """When it was read."""
    problem: str = ""
    """Why there are no figures now; empty if there are."""
    requests_per_second: float | None = None
    """Prediction requests, whatever came of them."""
    outcomes: Mapping[str, float] = field(default_factory=dict)
    """The same by outcome: `answered`, `refused`, `busy`, `gone`, `failed`."""
    p50_seconds: float | None = None
    """Half of the requests took less."""
    p95_seconds: float | None = None
    """95% of the requests took less."""
    p99_seconds: float | None = None
    """99% of the requests took less."""
    busy_share: float | None = None
    """Share of the threads in use."""
    in_flight: float | None = None
    """Requests in the servers."""
    waiting: float | None = None
    """Of these, those that wait for a core."""
    limit: float | None = None
    """Requests beyond which more are refused as busy."""
    queue_seconds: float | None = None
    """Mean time for which requests waited for a core."""
    decode_seconds: float | None = None
    """Mean time to decode and resize one photo."""
    inference_seconds: float | None = None
    """Mean time of the model for one photo."""
    photos_per_second: float | None = None
    """Photos answered."""
    refused_photos: Mapping[str, float] = field(default_factory=dict)
    """Photos a second that could not be used, by kind."""
    classes: Mapping[str, float] = field(default_factory=dict)
    """Share of each class in the predictions, the largest first."""
    confidence: float | None = None
    """Mean probability of the most probable class."""
    replicas: tuple[ServingReplica, ...] = ()
    """The predictors, in the order of their addresses."""
