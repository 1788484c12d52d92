from pathlib import Path
from typing import Any, get_args

import numpy as np
import openvino as ov
import pytest
from numpy.typing import NDArray
from tests.unit.training.conftest import require_precision

from viewfinder_components.errors import PermanentError
from viewfinder_components.inference import InferenceModel
from viewfinder_components.tensorflow import keras
from viewfinder_components.training.backbones import build_backbone
from viewfinder_components.training.classifier import TrainableClassifier, augmentation
from viewfinder_components.training.config import Head
from viewfinder_components.training.openvino_ir import joined, to_openvino
from viewfinder_components.training.outputs import check_parity, save_models

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)


def classifier(
    head: str = "linear", policy: str = "float32", name: str = "scratch"
) -> TrainableClassifier:
    keras.utils.set_random_seed(0)
    backbone = build_backbone(name, 32, None, policy)
    return TrainableClassifier.build(backbone, head, 4, 0.2, policy)


@pytest.mark.parametrize("head", get_args(Head)[1:])
@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_the_model_gives_float32_probabilities(head: str, policy: str) -> None:
    require_precision(policy)
    model = classifier(head, policy).model()

    assert (model.input.name, model.input.dtype) == ("pixels", "uint8")
    assert (model.layers[-1].name, model.output.dtype) == ("probabilities", "float32")
    probabilities = np.array(model(PIXELS, training=False))
    assert probabilities.shape == (3, 4)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


def test_the_book_s_head_is_the_book_s() -> None:
    layers = classifier("hidden-layer").head.layers[1:]

    assert [type(layer).__name__ for layer in layers] == ["Dense", "Dropout", "Dense"]
    assert (layers[0].units, layers[0].activation.__name__) == (64, "relu")
    assert layers[1].rate == 0.5


def test_all_views_share_their_weights() -> None:
    parts = classifier()
    features = parts.backbone(PIXELS, training=False)
    before = np.array(parts.model()(PIXELS, training=False))

    kernel, bias = parts.head.get_weights()
    parts.head.set_weights([kernel, bias + np.arange(4)])

    after = np.array(parts.model()(PIXELS, training=False))
    assert np.abs(before - after).max() > 1e-4
    np.testing.assert_allclose(parts.head_probabilities(features), after, atol=1e-6)
    logits = parts.trainable(augment=True, batch_norm_learns=False)(PIXELS, training=False)
    np.testing.assert_allclose(keras.ops.softmax(logits), after, atol=1e-6)


def test_copied_weights_are_the_same_across_policies() -> None:
    half, full = classifier(policy="mixed_bfloat16"), classifier()
    full.head.set_weights([array + 0.1 for array in full.head.get_weights()])

    half.copy_weights(full)

    for mine, theirs in zip(half.model().get_weights(), full.model().get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_batch_norm_learns_only_where_it_should() -> None:
    for learns in (False, True):
        parts = classifier()
        assert len(parts.trainable(False, learns).trainable_variables) == 21
        network = parts.trainable(augment=False, batch_norm_learns=learns)
        norm = parts.backbone.get_layer("bn0")
        before = norm.moving_mean.numpy()
        network(PIXELS, training=True)
        assert np.array_equal(before, norm.moving_mean.numpy()) != learns


def test_augmentation_changes_photos_and_keeps_them_photos() -> None:
    keras.utils.set_random_seed(0)
    augment = augmentation()
    photos = np.full((4, 32, 32, 3), 200, np.uint8)
    photos[:, 8:24, 4:12] = 30

    changed = np.array(augment(photos, training=True))

    assert changed.dtype == np.uint8
    assert changed.shape == photos.shape
    assert (changed.reshape(4, -1) != photos.reshape(4, -1)).any(axis=1).all()
    assert changed.min() >= 29
    assert changed.max() <= 201
    np.testing.assert_array_equal(augment(photos, training=False), photos)


def test_the_saved_model_knows_nothing_of_augmentation(tmp_path: Path) -> None:
    parts = classifier()
    parts.trainable(augment=True, batch_norm_learns=False)(PIXELS, training=True)

    save_models(parts.model(), to_openvino(parts.model(), "probabilities"), tmp_path)

    saved = keras.models.load_model(tmp_path / "model.keras")
    names = " ".join(layer.name for layer in saved.layers)
    assert "random" not in names
    assert "augmentation" not in names
    np.testing.assert_allclose(
        saved(PIXELS, training=False), parts.model()(PIXELS, training=False), atol=1e-6
    )


def predicted(ir: ov.Model) -> NDArray[np.float32]:
    return InferenceModel(ir, "LATENCY").predict(PIXELS)


@pytest.mark.parametrize("name", ["efficientnet-lite0", "mobilenet", "scratch"])
def test_openvino_agrees_with_keras_whole_and_joined(name: str) -> None:
    parts = classifier("hidden-layer", name=name)
    expected = np.array(parts.model()(PIXELS, training=False))

    whole = to_openvino(parts.model(), "probabilities")
    backbone = to_openvino(parts.backbone, "features")
    head = to_openvino(parts.head_probabilities, "probabilities")

    np.testing.assert_allclose(predicted(whole), expected, atol=1e-5)
    both = joined(backbone, head)
    np.testing.assert_allclose(predicted(both), expected, atol=1e-5)
    for ir in (whole, both):
        assert [port.any_name for port in (*ir.inputs, *ir.outputs)] == ["pixels", "probabilities"]
        assert str(ir.inputs[0].element_type) == "<Type: 'uint8_t'>"


def test_models_that_disagree_are_refused(tmp_path: Path) -> None:
    parts = classifier()
    save_models(parts.model(), to_openvino(parts.model(), "probabilities"), tmp_path)
    assert check_parity(parts.model(), tmp_path, PIXELS) < 1e-5

    parts.head.set_weights(
        [array + 1e-2 for array in parts.head.get_weights()[:1]] + [np.arange(4)]
    )

    with pytest.raises(PermanentError, match=r"within 0.0001 of Keras', received a difference"):
        check_parity(parts.model(), tmp_path, PIXELS)


def test_the_written_weights_are_not_halved(tmp_path: Path) -> None:
    parts = classifier()
    save_models(parts.model(), to_openvino(parts.model(), "probabilities"), tmp_path)

    numbers: Any = sum(array.size for array in parts.model().get_weights())
    assert (tmp_path / "model.bin").stat().st_size > 3.5 * numbers
