from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError
from viewfinder_components.tensorflow import keras
from viewfinder_components.training.efficientnet_lite0 import (
    build_efficientnet_lite0,
    load_state_dict,
)
from viewfinder_components.training.state_dict import StateDict, read_state_dict
from viewfinder_components.training.weights import find_weights


@pytest.fixture(scope="module")
def state() -> StateDict:
    weights = find_weights("efficientnet-lite0", "")
    assert weights is not None
    return read_state_dict(weights.path)


@pytest.fixture(scope="module")
def network(state: StateDict) -> Any:
    network = build_efficientnet_lite0(224, imagenet_top=True)
    load_state_dict(network, state)
    return network


def test_it_knows_imagenet(
    network: Any, imagenet: tuple[NDArray[np.uint8], NDArray[np.int64]]
) -> None:
    pixels, labels = imagenet

    ranked = np.argsort(-np.array(network(pixels, training=False)), axis=1)

    assert (ranked[:, 0] == labels).mean() == pytest.approx(0.85)
    assert (ranked[:, :5] == labels[:, None]).any(axis=1).mean() == 1.0


def test_it_scales_as_its_authors_did(
    network: Any, imagenet: tuple[NDArray[np.uint8], NDArray[np.int64]]
) -> None:
    scaled = network.get_layer("scale")

    values = np.array(scaled(np.array([0, 127, 255], np.uint8)))

    np.testing.assert_array_equal(values, np.array([-127, 0, 128], np.float32) / 128)
    # A wrong scaling does not fail, it only answers worse: so it must be seen in the outputs.
    after = keras.Model(network.layers[2].input, network.output)
    pixels = imagenet[0][:4].astype(np.float32)
    right = np.array(after((pixels - 127) / 128, training=False))
    wrong = np.array(after(pixels / 255, training=False))
    np.testing.assert_allclose(network(imagenet[0][:4], training=False), right, atol=1e-4)
    assert np.abs(right - wrong).max() > 0.5


def test_every_weight_of_the_file_is_used(state: StateDict, network: Any) -> None:
    used = load_state_dict(network, state)

    unused = state.keys() - used
    assert len(used) == 247
    assert {name.rsplit(".", 1)[1] for name in unused} == {"num_batches_tracked"}  # not a weight
    assert len(used) + len(unused) == 296
    assert network.count_params() == sum(state[name].size for name in used)


def test_without_its_top_it_gives_features(state: StateDict) -> None:
    network = build_efficientnet_lite0(64)
    used = load_state_dict(network, state)

    assert network.output.shape == (None, 1280)
    assert not any(name.startswith("_fc") for name in used)


def test_no_name_begins_with_an_underscore(network: Any) -> None:
    # TensorFlow's SavedModel refuses such names, long after training.
    assert [layer.name for layer in network.layers if layer.name.startswith("_")] == []


def test_weights_of_another_network_are_refused(state: StateDict) -> None:
    network = build_efficientnet_lite0(64)

    missing = {name: array for name, array in state.items() if name != "_conv_head.weight"}
    with pytest.raises(PermanentError, match=r"_conv_head.weight of EfficientNet-Lite0"):
        load_state_dict(network, missing)
    with pytest.raises(PermanentError, match=r"_conv_stem.weight of EfficientNet-Lite0"):
        load_state_dict(network, state | {"_conv_stem.weight": np.zeros((3, 3), np.float32)})
