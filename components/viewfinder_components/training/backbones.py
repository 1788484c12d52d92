"""The available backbones, and how each is built with its weights."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewfinder_components.errors import PermanentError
from viewfinder_components.tensorflow import keras
from viewfinder_components.training import efficientnet_lite0, mobilenet, scratch
from viewfinder_components.training.state_dict import read_state_dict


@dataclass(frozen=True)
class Backbone:
    """A network from uint8 pixels to features, including its scaling."""

    build: Callable[[int], Any]
    """From the image size to a Keras model with random weights."""
    load: Callable[[Any, Path], None] | None
    """Set the model's weights from a file; None if everything is trained from scratch."""
    usual_head: str


def _load_lite0(network: Any, path: Path) -> None:
    efficientnet_lite0.load_state_dict(network, read_state_dict(path))


REGISTRY = {
    "efficientnet-lite0": Backbone(
        efficientnet_lite0.build_efficientnet_lite0, _load_lite0, "linear"
    ),
    "mobilenet": Backbone(mobilenet.build_mobilenet, mobilenet.load_mobilenet, "hidden-layer"),
    "scratch": Backbone(scratch.build_scratch, None, "linear"),
}


def find_backbone(name: str) -> Backbone:
    """Look up a backbone.

    Raises:
        PermanentError: There is none of that name; the message lists the available ones.
    """
    if name not in REGISTRY:
        raise PermanentError(
            f"a backbone, one of {', '.join(REGISTRY)}", repr(name), "choose another backbone"
        )
    return REGISTRY[name]


def build_backbone(
    name: str, image_size: int, weights: Path | None, policy: str = "float32"
) -> Any:
    """Build a backbone and load its weights.

    Args:
        name: A key of `REGISTRY`.
        image_size: Width and height of the photos, in pixels.
        weights: The file to load; None leaves the random weights.
        policy: Keras' dtype policy for its layers.
    """
    backbone = find_backbone(name)
    usual = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        network = backbone.build(image_size)
    finally:
        keras.config.set_dtype_policy(usual)
    if backbone.load is not None and weights is not None:
        backbone.load(network, weights)
    return network
