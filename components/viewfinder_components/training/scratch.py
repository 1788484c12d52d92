"""A small network for photos unlike any that pre-trained ones have seen; the last resort."""

from typing import Any

from viewfinder_components.tensorflow import keras


def build_scratch(image_size: int) -> Any:
    """Build five convolutions, each halving the picture, which train in minutes on a CPU.

    Args:
        image_size: Width and height of the input.

    Returns:
        A Keras model from uint8 RGB in 0..255 `[n, size, size, 3]` to `[n, 256]`.
    """
    pixels = keras.Input((image_size, image_size, 3), dtype="uint8", name="pixels")
    x = keras.layers.Rescaling(1 / 127.5, -1.0, name="scale", dtype="float32")(pixels)
    x = keras.layers.Conv2D(32, 3, 2, "same", use_bias=False, name="conv0")(x)
    for number, channels in enumerate((64, 128, 256, 256), start=1):
        x = _activated(x, f"bn{number - 1}")
        # Separable: an eighth of the work of a full convolution.
        x = keras.layers.SeparableConv2D(
            channels, 3, 2, "same", use_bias=False, name=f"conv{number}"
        )(x)
    x = _activated(x, "bn4")
    return keras.Model(pixels, keras.layers.GlobalAveragePooling2D(name="pool")(x), name="scratch")


def _activated(x: Any, name: str) -> Any:
    # Momentum .9: with small sets, the running averages have few steps to settle.
    x = keras.layers.BatchNormalization(momentum=0.9, name=name)(x)
    return keras.layers.ReLU(name=f"{name}-relu")(x)
