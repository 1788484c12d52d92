"""User settings of the export step."""

from typing import Annotated

from pydantic import Field

from viewfinder_components.formats.precision import LEAST_PHOTOS
from viewfinder_components.parameters import INTERNAL, configuration
from viewfinder_components.ranges import Count, CountFromZero
from viewfinder_components.shared_parameters import (
    DEFAULT_PRECISION_SERVED,
    DEFAULT_TOLERANCE,
    ModelName,
    PrecisionServed,
    RunId,
    Tolerance,
)
from viewfinder_components.step import Step


@configuration
class ExportConfig:
    """User settings of the export step; the tolerance applies to the SavedModel."""

    run_id: RunId
    model_name: ModelName
    tolerance: Tolerance = DEFAULT_TOLERANCE
    keep_test_photos: CountFromZero = 8
    """Maximum number of test photos kept in the version, for `viewfinder deploy` to compare answers
    with; 0 keeps none.

    TensorFlow Serving warms up with them.
    """
    precision_served: PrecisionServed = DEFAULT_PRECISION_SERVED
    drift_false_alarm_rate: Annotated[float, Field(ge=0, le=0.5)] = 0.001
    """Probability that a window of photos like the validation photos counts as drift; 0 for no
    reference to compare with."""
    least_photos: Annotated[Count, INTERNAL] = LEAST_PHOTOS
    """Test photos below which there is no int8 model, because check could not prove it."""


STEP = Step("export", (ExportConfig,), computes=True)
