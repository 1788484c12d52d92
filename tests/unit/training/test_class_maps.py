"""On real photos, the mean of a class map is the logit: in TensorFlow and in the served model."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from viewfinder_components.explanation.class_map import Dense, Head
from viewfinder_components.inference import InferenceModel
from viewfinder_components.tensorflow import keras
from viewfinder_components.training.backbones import REGISTRY, build_backbone
from viewfinder_components.training.classifier import TrainableClassifier
from viewfinder_components.training.efficientnet_lite0 import (
    build_efficientnet_lite0,
    load_state_dict,
)
from viewfinder_components.training.openvino_ir import joined, save_openvino, to_openvino
from viewfinder_components.training.state_dict import read_state_dict
from viewfinder_components.training.weights import find_weights

SIZE, CLASSES = 160, 5
METHODS = {"linear": "cam", "hidden-layer": "grad-cam"}


def build(backbone: str, head: str) -> TrainableClassifier:
    """A classifier with ImageNet's weights, where they are installed, and a head of large ones."""
    keras.utils.set_random_seed(0)
    weights = find_weights(backbone, "") if backbone == "efficientnet-lite0" else None
    network = build_backbone(backbone, SIZE, weights and weights.path)
    parts = TrainableClassifier.build(network, head, CLASSES, 0.2, "float32")
    rng = np.random.default_rng(0)
    shapes = [array.shape for array in parts.head.get_weights()]
    parts.head.set_weights([rng.normal(size=shape) / np.sqrt(shape[0]) for shape in shapes])
    return parts


def head_of(parts: TrainableClassifier) -> Head:
    arrays = parts.head.get_weights()
    return Head(tuple(Dense(k.T, b) for k, b in zip(arrays[::2], arrays[1::2], strict=True)))


def feature_maps(backbone: Any, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the backbone pools, by TensorFlow."""
    network, x = backbone, photos
    if isinstance(backbone.layers[-1], keras.Model):  # of keras.applications, behind the scaling
        network, x = backbone.layers[-1], backbone.layers[1](photos)
    maps = keras.Model(network.input, network.layers[-1].input)
    return np.array(maps(x, training=False))


@pytest.mark.parametrize("head", METHODS)
@pytest.mark.parametrize("backbone", REGISTRY)
def test_the_mean_is_the_logit(
    backbone: str, head: str, imagenet: tuple[NDArray[np.uint8], Any], tmp_path: Path
) -> None:
    photos = imagenet[0][:6, 32 : 32 + SIZE, 32 : 32 + SIZE]
    parts = build(backbone, head)
    features = np.array(parts.backbone(photos, training=False))
    logits = np.array(parts.head(features, training=False))

    from_keras = [
        [head_of(parts).class_map(maps, label) for label in range(CLASSES)]
        for maps in feature_maps(parts.backbone, photos)
    ]
    np.testing.assert_allclose(np.mean(from_keras, axis=(2, 3)), logits, atol=1e-4)

    save_openvino(to_openvino(parts.model(), "probabilities"), tmp_path)
    served = InferenceModel.load(tmp_path, "LATENCY", explains=True)
    assert served.explanation_method == METHODS[head]
    for photo, maps, row in zip(photos, from_keras, logits, strict=True):
        found = served.explain(photo)
        assert found.label == row.argmax()
        assert found.class_map.mean() == pytest.approx(row.max(), abs=1e-3)
        np.testing.assert_allclose(found.class_map, maps[found.label], atol=1e-2)


@pytest.mark.parametrize(
    ("backbone", "head"), [("efficientnet-lite0", "linear"), ("scratch", "hidden-layer")]
)
def test_a_model_that_was_joined_has_maps(backbone: str, head: str) -> None:
    parts = build(backbone, head)
    ir = joined(
        to_openvino(parts.backbone, "features"),
        to_openvino(parts.head_probabilities, "probabilities"),
    )
    assert InferenceModel(ir, "LATENCY", explains=True).explanation_method == METHODS[head]


@pytest.fixture(scope="module")
def imagenet_model() -> InferenceModel:
    """EfficientNet-Lite0 with the head that it was trained with, of 1,000 classes."""
    weights = find_weights("efficientnet-lite0", "")
    assert weights is not None
    network = build_efficientnet_lite0(224, imagenet_top=True)
    load_state_dict(network, read_state_dict(weights.path))
    probabilities = keras.layers.Activation("softmax")(network.output)
    ir = to_openvino(keras.Model(network.input, probabilities), "probabilities")
    return InferenceModel(ir, "LATENCY", explains=True)


@pytest.mark.parametrize(("top", "left"), [(0, 0), (0, 112), (112, 0), (112, 112)])
def test_the_map_is_high_where_the_object_is(
    imagenet_model: InferenceModel, imagenet: tuple[NDArray[np.uint8], Any], top: int, left: int
) -> None:
    """Each photo stands in one quarter of a grey picture."""
    for photo in imagenet[0][:6]:
        picture = np.full((224, 224, 3), 127, np.uint8)
        picture[top : top + 112, left : left + 112] = photo[::2, ::2]
        row, column = np.unravel_index(imagenet_model.explain(picture).class_map.argmax(), (7, 7))
        assert row <= 3 if top == 0 else row >= 3  # 3 is the middle one of seven
        assert column <= 3 if left == 0 else column >= 3
