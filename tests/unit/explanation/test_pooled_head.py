"""Models in which the maps are known: their feature maps are the photo's own colours."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest
from numpy.typing import NDArray
from openvino import opset13 as ops
from tests.unit.explanation.colours import SIDE, WEIGHTS, colour_model, dense

from viewfinder_components.errors import PermanentError
from viewfinder_components.explanation.pooled_head import find_pooled_head
from viewfinder_components.inference import InferenceModel


@pytest.fixture
def photo() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)


@pytest.mark.parametrize("channels_first", [False, True])
@pytest.mark.parametrize("with_bias", [False, True])
def test_the_map_is_the_head_at_every_place(
    photo: NDArray[np.uint8], channels_first: bool, with_bias: bool
) -> None:
    bias = np.array([0.5, -1, 2, 0], np.float32) if with_bias else None
    model = InferenceModel(
        colour_model(lambda x: dense(x, WEIGHTS, bias), channels_first), explains=True
    )

    found = model.explain(photo)

    assert model.explanation_method == "cam"
    assert found.label == found.probabilities.argmax()
    expected = photo / 255 @ WEIGHTS[found.label] + (0 if bias is None else bias[found.label])
    np.testing.assert_allclose(found.class_map, expected, atol=1e-5)
    np.testing.assert_array_equal(found.probabilities, model.predict(photo[np.newaxis])[0])


@pytest.mark.parametrize("many", [False, True])
def test_feature_maps_do_not_change_what_is_predicted(many: bool) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (9, SIDE, SIDE, 3), np.uint8)
    models = [
        InferenceModel(colour_model(lambda x: dense(x, WEIGHTS, None)), explains=explains)
        for explains in (False, True)
    ]
    plain, explaining = (model.predict_many(pixels) if many else model.predict(pixels)
                         for model in models)  # fmt: skip
    assert plain.shape == (9, 4)
    np.testing.assert_array_equal(plain, explaining)


def hidden(x: Any) -> Any:
    rng = np.random.default_rng(2)
    first = dense(x, rng.normal(size=(8, 3)).astype(np.float32), np.ones(8, np.float32))
    return dense(ops.relu(first), rng.normal(size=(4, 8)).astype(np.float32), None)


def test_hidden_layers_are_found() -> None:
    found = find_pooled_head(colour_model(hidden))
    assert found is not None
    assert found.head.method == "grad-cam"
    assert [layer.weights.shape for layer in found.head.layers] == [(8, 3), (4, 8)]


def tangens(x: Any) -> Any:
    return dense(ops.tanh(dense(x, WEIGHTS, None)), np.eye(4, dtype=np.float32), None)


def activated_features(x: Any) -> Any:
    return dense(ops.relu(x), WEIGHTS, None)


def scaled(x: Any) -> Any:
    return ops.multiply(dense(x, WEIGHTS, None), np.float32(2))


def weights_of_halves(x: Any) -> Any:
    return ops.matmul(x, ops.convert(ops.constant(WEIGHTS.astype(np.float16)), "f32"), False, True)


@pytest.mark.parametrize("head", [tangens, activated_features, scaled, weights_of_halves])
def test_another_head_has_no_map(head: Callable[[Any], Any], photo: NDArray[np.uint8]) -> None:
    assert find_pooled_head(colour_model(head)) is None
    model = InferenceModel(colour_model(head), explains=True)
    assert model.explanation_method is None
    assert model.predict(photo[np.newaxis]).shape == (1, 4)
    with pytest.raises(PermanentError, match="ask for predictions only"):
        model.explain(photo)


def test_without_a_softmax_or_a_pooling_there_is_none() -> None:
    pixels = ops.parameter([-1, SIDE, SIDE, 3], np.uint8, name="pixels")
    colours = ops.convert(pixels, "f32")
    for output in (
        ops.reduce_mean(colours, np.array([1, 2]), False),
        ops.softmax(ops.reduce_mean(colours, np.array([1, 2]), False), 1),
        ops.softmax(
            dense(ops.reduce_mean(colours, np.array([1, 3]), False), np.eye(SIDE), None), 1
        ),
        ops.softmax(dense(ops.reduce_max(colours, np.array([1, 2]), False), WEIGHTS, None), 1),
    ):
        assert find_pooled_head(ov.Model([output], [pixels])) is None


def test_a_model_that_was_not_loaded_to_explain_does_not(
    tmp_path: Path, photo: NDArray[np.uint8]
) -> None:
    ov.save_model(colour_model(lambda x: dense(x, WEIGHTS, None)), tmp_path / "model.xml", False)
    assert InferenceModel.load(tmp_path).explanation_method is None
    assert InferenceModel.load(tmp_path, explains=True).explain(photo).class_map.shape == (16, 16)
