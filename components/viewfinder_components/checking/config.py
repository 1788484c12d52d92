"""User settings of the check step."""

from typing import Annotated

from viewfinder_components.formats.precision import LEAST_PHOTOS
from viewfinder_components.image import PREDICTOR_IMAGE
from viewfinder_components.parameters import INTERNAL, configuration
from viewfinder_components.ranges import Count, Limit, Share
from viewfinder_components.shared_parameters import (
    DEFAULT_CONFIDENCE,
    DEFAULT_PRECISION_SERVED,
    DEFAULT_TOLERANCE,
    Confidence,
    PrecisionServed,
    Tolerance,
)
from viewfinder_components.step import Step


@configuration
class CheckConfig:
    """User settings of the check step."""

    tolerance: Tolerance = DEFAULT_TOLERANCE

    requests: Annotated[Count, INTERNAL] = 100
    """Number of requests in the latency measurement; the p99 of 100 is the second slowest."""

    max_p50_ms: Limit = 500.0
    """Limit for the predictor's median latency, in milliseconds, not counting the time spent
    waiting for a processor.

    The default is twenty times what 2 cores need.
    """

    max_p99_ms: Limit = 1000.0
    """Limit for the predictor's 99th percentile latency, in milliseconds, not counting the time
    spent waiting for a processor."""

    max_memory_mb: Limit = 512.0
    """Limit for the predictor's peak resident memory, in MB.

    The default is below a pod's usual limit.
    """

    max_start_seconds: Limit = 60.0
    """Limit for the time the predictor takes to become ready in check, in seconds, not counting the
    time spent waiting for a processor."""

    precision_served: PrecisionServed = DEFAULT_PRECISION_SERVED

    max_accuracy_drop: Share = 0.005
    """Largest loss of accuracy on the test photos for which a precision below `f32` is served."""

    min_agreement: Share = 0.98
    """Minimum share of the test photos that get the same label as in `f32`, for a precision below
    `f32` to be served."""

    confidence: Confidence = DEFAULT_CONFIDENCE

    least_photos: Annotated[Count, INTERNAL] = LEAST_PHOTOS
    """Test photos below which `f32` is served."""


STEP = Step("check", (CheckConfig,), image=PREDICTOR_IMAGE, computes=True)
