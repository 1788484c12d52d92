"""Write the Keras model as a SavedModel that accepts photos as they are on disk."""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from viewfinder_components.errors import PermanentError
from viewfinder_components.export.pixel_ops import decode_batch
from viewfinder_components.export.signature import INPUT, SIGNATURE
from viewfinder_components.tensorflow import keras, tf


def load_network(path: Path) -> Any:
    """Load `model.keras`.

    Raises:
        PermanentError: It is missing or not a Keras model.
    """
    try:
        return keras.saving.load_model(path, compile=False)
    except Exception as error:  # a zip of JSON and HDF5, each with its own exceptions
        raise PermanentError(
            f"a Keras model in {path}", f"{type(error).__name__}: {error}", "train again"
        ) from error


def trace_serving(network: Any, labels: Sequence[str], image_size: int) -> Any:
    """Trace the function to be served: from photo files to labels and probabilities.

    The weights become constants of the graph. TensorFlow then folds batch normalisation into the
    convolutions when it loads the model, and saving takes .3 s instead of 8.5 s: most of that
    was spent reading and restoring each of 245 variables.

    Args:
        network: Keras model from uint8 `[n, image_size, image_size, 3]` to probabilities.
        labels: The classes, in the order of its outputs.
        image_size: Side of the photos it accepts, in pixels.

    Returns:
        A concrete function from `image_bytes` (string `[n]`) to `label` (string `[n]`), `labels`
        (string `[n, classes]`) and `probabilities` (float32 `[n, classes]`).
    """
    # Not `variables`: these include the state of dropout's random numbers, which is not needed here
    # and differs whenever the model is loaded.
    values = [(variable, variable.numpy()) for variable in network.weights]

    def serve(image_bytes: Any) -> dict[str, Any]:
        pixels = decode_batch(image_bytes, image_size)
        with keras.StatelessScope([(variable, tf.constant(value)) for variable, value in values]):
            probabilities = _without_empty_batches(network, pixels)
        names = tf.constant(labels)
        return {
            "label": tf.gather(names, tf.argmax(probabilities, -1)),
            "labels": tf.tile(names[tf.newaxis], (tf.shape(probabilities)[0], 1)),
            "probabilities": tf.cast(probabilities, tf.float32),
        }

    photos = tf.TensorSpec((None,), tf.string, name=INPUT)
    return tf.function(serve, input_signature=[photos], autograph=False).get_concrete_function()


def _without_empty_batches(network: Any, pixels: Any) -> Any:
    """Return the network's answers, and no rows if there are no photos.

    TensorFlow's oneDNN kernels reject an empty batch ("Incompatible shapes"), those without oneDNN
    accept it. So the network is never given one: a black photo stands in, and its row is cut off.

    Args:
        network: Keras model from uint8 `[n, size, size, 3]` to `[n, classes]`.
        pixels: uint8 `[n, size, size, 3]`; n may be 0.
    """
    count = tf.shape(pixels)[0]
    missing = tf.maximum(1 - count, 0)
    padded = tf.pad(pixels, [[0, missing], [0, 0], [0, 0], [0, 0]])
    return network(padded, training=False)[:count]


def write_saved_model(function: Any, directory: Path) -> None:
    """Write `saved_model.pb` and `variables/` with `function` as the default signature."""
    log = logging.getLogger("tensorflow")
    level = log.level
    log.setLevel(logging.ERROR)  # it logs "Assets written to" although there are none
    try:
        tf.saved_model.save(tf.Module(), str(directory), signatures={SIGNATURE: function})
    finally:
        log.setLevel(level)
    # An optional file, which contains a random number.
    (directory / "fingerprint.pb").unlink(missing_ok=True)
    shutil.rmtree(directory / "assets", ignore_errors=True)  # empty: there are none
