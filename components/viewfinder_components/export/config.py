"""What a user may set about the export."""

from viewfinder_components.parameters import configuration
from viewfinder_components.ranges import CountOrNone
from viewfinder_components.shared_parameters import DEFAULT_TOLERANCE, ModelName, RunId, Tolerance
from viewfinder_components.step import Step


@configuration
class ExportConfig:
    """What a user may set; the SavedModel is held to the tolerance as well."""

    run_id: RunId
    model_name: ModelName
    tolerance: Tolerance = DEFAULT_TOLERANCE
    keep_test_photos: CountOrNone = 8
    """Largest number of test photos kept in the version, with which `viewfinder deploy` compares
    answers; 0 keeps none.

    TensorFlow Serving warms up with them.
    """


STEP = Step("export", (ExportConfig,), computes=True)
