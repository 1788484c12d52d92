"""Models whose feature maps are the photo's own colours, from 0 to 1."""

from collections.abc import Callable
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as ops

SIDE = 16
WEIGHTS = np.array([[3, 0, 0], [0, 3, 0], [0, 0, 3], [1, 1, 1]], np.float32)


def dense(x: Any, weights: NDArray[Any], bias: NDArray[Any] | None) -> Any:
    """A dense layer, in the form in which OpenVINO writes those of Keras."""
    product = ops.matmul(x, ops.constant(weights.astype(np.float32)), False, True)
    return product if bias is None else ops.add(product, ops.constant(bias[np.newaxis]))


def colour_model(head: Callable[[Any], Any], channels_first: bool = False) -> ov.Model:
    """Pixels to the softmax of what `head` makes of the mean colour."""
    pixels = ops.parameter([-1, SIDE, SIDE, 3], np.uint8, name="pixels")
    colours = ops.divide(ops.convert(pixels, "f32"), np.float32(255))
    if channels_first:
        colours = ops.transpose(colours, np.array([0, 3, 1, 2]))
    axes = np.array([2, 3] if channels_first else [1, 2])
    pooled = ops.reduce_mean(colours, axes, False)
    return ov.Model([ops.softmax(head(pooled), 1)], [pixels], "colours")
