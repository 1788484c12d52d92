"""The two container images: one for the steps, a slim one for the predictor and its check.

The environment names them, or else the release. Without either, they have the names that
`make images` gives them, which are in no registry.
"""

import os
from importlib.metadata import PackageNotFoundError, version

from viewfinder_components import published_images

try:
    _TAG = version("viewfinder")
except PackageNotFoundError:  # imported from a source tree that was never installed
    _TAG = "dev"

STEPS_IMAGE = (
    os.environ.get("VIEWFINDER_STEPS_IMAGE") or published_images.STEPS or f"viewfinder/steps:{_TAG}"
)
PREDICTOR_IMAGE = (
    os.environ.get("VIEWFINDER_PREDICTOR_IMAGE")
    or published_images.PREDICTOR
    or f"viewfinder/predictor:{_TAG}"
)
