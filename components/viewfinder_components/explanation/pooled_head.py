"""Find the head and the feature maps in an OpenVINO model, by the nodes of its graph.

The graph says what is computed, whichever release wrote it. So nothing has to be recorded beside a
model, and versions that were published before there were explanations have them as well.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.explanation.class_map import Dense, Head
from viewfinder_components.openvino import ov

_DIMENSIONS = 4  # of feature maps: photos first, then rows, columns and features in some order


class PooledHead(NamedTuple):
    """A head on global average pooling."""

    head: Head
    maps: ov.Output
    """The feature maps: what is pooled."""
    pooled: ov.Output
    """Their means, `[photos, features]`: what the head sees."""
    feature_axis: int
    """Which of their dimensions counts the features: 1 or 3."""


def find_pooled_head(model: ov.Model) -> PooledHead | None:
    """Walk from the probabilities back to the pooling.

    Args:
        model: With one output.

    Returns:
        None where the model does not end in global average pooling, dense layers with a ReLU
        between each two, and a softmax.
    """
    node = _source(model.get_results()[0])
    if node.get_type_name() != "Softmax":
        return None
    layers: list[Dense] = []
    while node.get_type_name() == ("Relu" if layers else "Softmax"):
        found = _read_dense(_source(node))
        if found is None:
            return None
        layer, node = found
        layers.insert(0, layer)
    axis = _feature_axis(node)
    if axis is None:
        return None
    return PooledHead(Head(tuple(layers)), node.input_value(0), node.output(0), axis)


def _source(node: Any, place: int = 0) -> Any:
    return node.input_value(place).get_node()


def _read_dense(node: Any) -> tuple[Dense, Any] | None:
    """Return a dense layer and the node that it takes its input from; None where it is none."""
    product = _source(node) if node.get_type_name() == "Add" else node
    if product.get_type_name() != "MatMul" or product.get_attributes()["transpose_a"]:
        return None
    weights = _constant(product)
    if weights is None:
        return None
    if not product.get_attributes()["transpose_b"]:
        weights = weights.T
    # OpenVINO leaves a bias of zeros out.
    bias = np.zeros(len(weights), np.float32) if product is node else _constant(node)
    if bias is None or bias.size != len(weights):
        return None
    return Dense(weights, bias.ravel()), _source(product)


def _constant(node: Any) -> NDArray[np.float32] | None:
    """Return a node's second input, where that is a constant of float32."""
    source = _source(node, 1)
    if source.get_type_name() != "Constant" or source.data.dtype != np.float32:
        return None
    return np.array(source.data)


def _feature_axis(node: Any) -> int | None:
    """Return which dimension of feature maps counts the features; None where none are pooled."""
    if node.get_type_name() != "ReduceMean" or _source(node, 1).get_type_name() != "Constant":
        return None
    rank = node.input_value(0).get_partial_shape().rank
    if rank.is_dynamic or rank.get_length() != _DIMENSIONS or node.get_attributes()["keep_dims"]:
        return None
    pooled = {int(axis) % _DIMENSIONS for axis in np.ravel(_source(node, 1).data)}
    return {frozenset({2, 3}): 1, frozenset({1, 2}): 3}.get(frozenset(pooled))
