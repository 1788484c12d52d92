"""Write the model directory: the Keras model, the same for OpenVINO, labels and the record."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError
from viewfinder_components.inference import InferenceModel
from viewfinder_components.openvino import ov
from viewfinder_components.training.openvino_ir import save_openvino

TOLERANCE = 1e-4
"""Largest difference between two computations of a probability; float32 alone gives 1e-6."""


def save_models(model: Any, ir: ov.Model, directory: Path) -> None:
    """Write `model.keras`, `model.xml` and `model.bin`."""
    directory.mkdir(parents=True, exist_ok=True)
    model.save(directory / "model.keras")
    save_openvino(ir, directory)


def check_parity(model: Any, directory: Path, pixels: NDArray[np.uint8]) -> float:
    """Compare the Keras model with the OpenVINO model that was written.

    Args:
        model: The Keras classifier.
        directory: The folder of `model.xml`.
        pixels: uint8 `[n, size, size, 3]`, a few photos.

    Returns:
        The largest difference of a probability.

    Raises:
        PermanentError: It is above `TOLERANCE`.
    """
    from_keras = np.array(model(pixels, training=False))
    from_openvino = InferenceModel.load(directory, "LATENCY").predict(pixels)
    difference = float(np.abs(from_keras - from_openvino).max())
    if not difference <= TOLERANCE:
        raise PermanentError(
            f"OpenVINO's probabilities within {TOLERANCE:g} of Keras'",
            f"a difference of {difference:g}",
            "report it with the versions in the log: the two libraries disagree",
        )
    return difference
