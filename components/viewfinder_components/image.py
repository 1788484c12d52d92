"""The two container images: one for the steps, a slim one for the predictor and its check."""

import os
from importlib.metadata import PackageNotFoundError, version

try:
    _TAG = version("viewfinder")
except PackageNotFoundError:  # imported from a source tree that was never installed
    _TAG = "dev"

STEPS_IMAGE = os.environ.get("VIEWFINDER_STEPS_IMAGE", f"viewfinder/steps:{_TAG}")
PREDICTOR_IMAGE = os.environ.get("VIEWFINDER_PREDICTOR_IMAGE", f"viewfinder/predictor:{_TAG}")
