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
from viewfinder_components.inference import Answers, Explained
from viewfinder_components.storage.version import MANIFEST
from viewfinder_serving.engine_names import OPENVINO, TENSORFLOW
from viewfinder_serving.openvino_engine import OpenVinoEngine

FILES = {
    OPENVINO: ("model.xml", "model.bin", LABELS),
    TENSORFLOW: ("saved_model.pb", "variables/variables.index", LABELS),
}
"""What each engine needs of a version."""
PLATFORMS = {OPENVINO: "openvino_ir", TENSORFLOW: "tensorflow_savedmodel"}
"""What the V2 protocol calls their models; the second is Triton's name."""


class Engine(Protocol):
    """A loaded model. Thread-safe."""

    @property
    def image_size(self) -> int:
        """Side of the photos it takes, in pixels."""

    @property
    def explanation_method(self) -> Method | None:
        """How it explains its answers; None if it does not."""

    def answer(
        self, pixels: NDArray[np.uint8], alone: bool = False, features: bool = False
    ) -> Answers:
        """Return what it says about uint8 `[n, size, size, 3]`.

        If it is `alone`, nothing else wants to compute at the same time. With `features`, it also
        returns those that the head sees, if it has any.
        """

    def explain(
        self, pixels: NDArray[np.uint8], alone: bool = False, features: bool = False
    ) -> Explained:
        """Run one photo, uint8 `[size, size, 3]`, and spread its best class's logit over it.

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
    spare: int | None = None,
    features: bool = False,
) -> Engine:
    """Load a version's model.

    Args:
        name: One of `ENGINES`.
        directory: The version's folder.
        manifest: Its manifest; empty without one.
        threads: Cores that the model may use; None for all.
        explains: Whether the model shall explain its answers, where it can.
        precision: The precision in which OpenVINO computes.
        spare: Bytes of memory for OpenVINO's model; None for no limit.
        features: Whether OpenVINO's model will be asked for the features that its head sees.

    Raises:
        PermanentError: The files are not such a model, or TensorFlow is not installed.
    """
    if name == OPENVINO:
        return OpenVinoEngine.load(directory, threads, explains, precision, spare, features)
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
