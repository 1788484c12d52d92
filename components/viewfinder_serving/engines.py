"""What computes: OpenVINO, or TensorFlow where it is installed and asked for."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError
from viewfinder_components.explanation.class_map import Method
from viewfinder_components.formats.labels import LABELS
from viewfinder_components.formats.precision import F32, Precision
from viewfinder_components.inference import Explained, InferenceModel
from viewfinder_components.storage.version import MANIFEST
from viewfinder_serving.engine_names import OPENVINO, TENSORFLOW

FILES = {
    OPENVINO: ("model.xml", "model.bin", LABELS),
    TENSORFLOW: ("saved_model.pb", "variables/variables.index", LABELS),
}
"""What each engine needs of a version."""
PLATFORMS = {OPENVINO: "openvino_ir", TENSORFLOW: "tensorflow_savedmodel"}
"""What the V2 protocol calls their models; the second is Triton's name."""

# Measured on 2 cores with EfficientNet-Lite0: one client waits 9 ms with LATENCY and 17 ms with
# THROUGHPUT; 16 clients get 98 and 107 photos a second.
_HINT = "LATENCY"


class Engine(Protocol):
    """A loaded model. Thread-safe."""

    @property
    def image_size(self) -> int:
        """Side of the photos it takes, in pixels."""

    @property
    def explanation_method(self) -> Method | None:
        """How it explains its answers; None if it does not."""

    def predict(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return float32 `[n, outputs]` for uint8 `[n, size, size, 3]`."""

    def explain(self, pixels: NDArray[np.uint8], label: int | None = None) -> Explained:
        """Run one photo, uint8 `[size, size, 3]`, and spread the logit of a class over it.

        Raises:
            PermanentError: `explanation_method` is None.
        """


def load_engine(
    name: str,
    directory: Path,
    manifest: dict[str, Any],
    threads: int | None,
    explains: bool,
    precision: Precision = F32,
) -> Engine:
    """Load a version's model.

    Args:
        name: One of `ENGINES`.
        directory: The version's folder.
        manifest: Its manifest; empty without one.
        threads: Cores that the model may use; None for all.
        explains: Whether the model shall explain its answers, where it can.
        precision: The precision in which OpenVINO computes.

    Raises:
        PermanentError: The files are not such a model, or TensorFlow is not installed.
    """
    if name == OPENVINO:
        return InferenceModel.load(directory, _HINT, threads, explains, precision)
    if find_spec("tensorflow") is None:
        raise PermanentError(
            "TensorFlow for --engine tensorflow",
            "none that is installed; the predictor's image has none",
            "run `pip install 'viewfinder[serving,steps]'`, or leave --engine out",
        )
    size = manifest.get("image_size")
    if not isinstance(size, int):
        raise PermanentError(
            f"the image_size in {directory / MANIFEST} for --engine tensorflow",
            "none",
            "serve a version that `publish` wrote: a SavedModel does not say its photos' size",
        )
    from viewfinder_serving.saved_model import SavedModel  # slow, and most have no TensorFlow

    return SavedModel.load(directory, size, threads)
