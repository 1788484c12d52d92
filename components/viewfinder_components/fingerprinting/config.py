"""Which photos to list."""

from viewfinder_components.parameters import configuration
from viewfinder_components.shared_parameters import Corrections, Data, PhotoLayout
from viewfinder_components.step import Step


@configuration
class FingerprintConfig:
    """Where the photos and their labels come from."""

    data: Data
    layout: PhotoLayout = "auto"
    corrections: Corrections = ""


STEP = Step("fingerprint", (FingerprintConfig,), reads_photos=True, for_cache=True)
