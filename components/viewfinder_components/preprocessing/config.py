"""User settings of the preprocess step."""

from viewfinder_components.parameters import configuration
from viewfinder_components.shared_parameters import DEFAULT_SEED, Seed
from viewfinder_components.step import Step


@configuration
class PreprocessConfig:
    """User settings of the preprocess step."""

    seed: Seed = DEFAULT_SEED
    """Determines, with the photos' content, their order within a split."""


STEP = Step("preprocess", (PreprocessConfig,), computes=True)
