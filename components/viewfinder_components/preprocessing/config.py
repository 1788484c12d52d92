"""User settings of the preprocess step."""

from typing import Annotated

from viewfinder_components.parameters import INTERNAL, configuration
from viewfinder_components.ranges import Count
from viewfinder_components.shared_parameters import DEFAULT_SEED, Seed
from viewfinder_components.step import Step


@configuration
class PreprocessConfig:
    """User settings of the preprocess step."""

    seed: Seed = DEFAULT_SEED
    """Determines, with the photos' content, their order within a split."""
    calibration_photos: Annotated[Count, INTERNAL] = 128
    """Maximum number of training photos with which export calibrates the int8 model."""
    reference_photos: Annotated[Count, INTERNAL] = 1000
    """Maximum number of validation photos that export measures, so that drift can be noticed."""
    test_photos: Annotated[Count, INTERNAL] = 1000
    """Maximum number of test photos that check sends to the predictor in each precision."""


STEP = Step("preprocess", (PreprocessConfig,), computes=True)
