"""Class activation maps: a logit, spread over the photo.

The backbone ends in feature maps f_k(x, y), global average pooling and a head. With a linear head,

    logit_c = b_c + mean_xy(sum_k w_ck f_k(x, y)),

so map_c(x, y) = b_c + sum_k w_ck f_k(x, y) says what each place adds to the logit, which is the
map's mean. Source: Zhou et al., "Learning Deep Features for Discriminative Localization", 2016,
arXiv:1512.04150; the bias is added to every place, so that the mean is the whole logit.

A head with hidden layers of ReLU is linear as well while the same units are active. So its weights
for one photo are its gradient there, and the map's mean is again the logit. This is Grad-CAM
(Selvaraju et al., 2017, arXiv:1610.02391), but for its last ReLU, a constant factor and the bias.
What such a map leaves out is that with other parts covered other units would be active.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Method = Literal["cam", "grad-cam"]


@dataclass(frozen=True)
class Dense:
    """A layer `weights @ x + bias`."""

    weights: NDArray[np.float32]
    """float32 `[outputs, inputs]`."""
    bias: NDArray[np.float32]
    """float32 `[outputs]`."""


@dataclass(frozen=True)
class Head:
    """What makes logits of pooled features: dense layers with a ReLU between each two."""

    layers: tuple[Dense, ...]
    """At least one; the last one gives the logits."""

    @property
    def method(self) -> Method:
        """How the maps are made: `cam` with a linear head, else `grad-cam`."""
        return "cam" if len(self.layers) == 1 else "grad-cam"

    @property
    def inputs(self) -> int:
        """Number of pooled features."""
        return len(self.layers[0].weights[0])

    def class_map(self, features: NDArray[np.float32], label: int) -> NDArray[np.float32]:
        """Spread the logit of a class over the photo.

        Args:
            features: Feature maps of one photo, float32 `[rows, columns, f]`.
            label: The class's place among the logits.

        Returns:
            float32 `[rows, columns]`, whose mean is the logit: high where the photo supports the
            class, low where against it.
        """
        weights, bias = self._linear_part(features.mean(axis=(0, 1)), label)
        # Not `@`: BLAS would use threads of its own, which a predictor has no other use for.
        spread: NDArray[np.float32] = np.einsum("hwf,f->hw", features, weights) + bias
        return spread

    def _linear_part(
        self, pooled: NDArray[np.float32], label: int
    ) -> tuple[NDArray[np.float32], np.float32]:
        """Return weights `[f]` and bias that give the class's logit at `pooled` and near it."""
        *hidden, last = self.layers
        weights, bias = last.weights[label], last.bias[label]
        for layer, active in zip(reversed(hidden), reversed(_active(hidden, pooled)), strict=True):
            weights = weights * active
            bias = bias + np.einsum("o,o->", weights, layer.bias)
            weights = np.einsum("o,of->f", weights, layer.weights)
        return weights, bias


def _active(hidden: Sequence[Dense], pooled: NDArray[np.float32]) -> list[NDArray[np.bool_]]:
    """Return which units of each hidden layer are above 0, bool `[outputs]` each."""
    active, x = [], pooled
    for layer in hidden:
        x = np.einsum("of,f->o", layer.weights, x) + layer.bias
        active.append(x > 0)
        x = np.maximum(x, 0)
    return active
