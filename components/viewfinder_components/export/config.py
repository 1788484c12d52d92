"""User settings of the export step."""

from viewfinder_components.parameters import configuration
from viewfinder_components.ranges import CountFromZero
from viewfinder_components.shared_parameters import DEFAULT_TOLERANCE, ModelName, RunId, Tolerance
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


STEP = Step("export", (ExportConfig,), computes=True)
