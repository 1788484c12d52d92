"""MobileNet, a backbone from `keras.applications`, with weights supplied by the user."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError, reason_of
from viewfinder_components.tensorflow import keras


def build_mobilenet(image_size: int) -> Any:
    """Build MobileNet (width 1) without its top, with random weights.

    Source: Howard et al., "MobileNets", 2017.

    Args:
        image_size: Width and height of the input; at least 32, trained at 224 pixels.

    Returns:
        A Keras model from uint8 RGB in 0..255 `[n, size, size, 3]` to float32 `[n, 1024]`.
        It includes its scaling: x / 127.5 - 1.
    """
    pixels = keras.Input((image_size, image_size, 3), dtype="uint8", name="pixels")
    # float32 even under mixed precision: half precision cannot represent these quotients.
    x = keras.layers.Rescaling(1 / 127.5, -1.0, name="scale", dtype="float32")(pixels)
    network = keras.applications.MobileNet(
        input_shape=(image_size, image_size, 3), include_top=False, weights=None, pooling="avg"
    )
    return keras.Model(pixels, network(x), name="mobilenet")


def load_mobilenet(backbone: Any, path: Path) -> None:
    """Load weights saved by Keras: `.weights.h5`, `.h5` of any Keras, or a whole `.keras`.

    Raises:
        PermanentError: The file is none of these or contains another network.
    """
    network = backbone.layers[-1]
    random = network.get_weights()
    try:
        if path.suffix == ".keras":
            saved = keras.models.load_model(path, compile=False, safe_mode=True)
            network.set_weights(saved.get_weights())
        else:
            with warnings.catch_warnings(action="ignore"):  # about what the check below finds
                network.load_weights(path)
        _require_all_loaded(network, random)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PermanentError(
            f"Keras weights of MobileNet without its top at {path}",
            f"{type(error).__name__}: {reason_of(error).splitlines()[0]}",
            "pass weights of keras.applications.MobileNet(include_top=False), alpha 1",
        ) from error


def _require_all_loaded(network: Any, random: list[NDArray[Any]]) -> None:
    """Keras leaves a layer random, with at most a warning, if the file has nothing for it."""
    for variable, before in zip(network.weights, random, strict=True):
        if before.ndim > 1 and np.array_equal(variable.numpy(), before):
            raise ValueError(f"no values for {variable.path}")
