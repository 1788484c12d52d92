from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.failures import describe_exception
from viewfinder_components.tensorflow import keras, tf
from viewfinder_components.training.checkpoint import Checkpoint, TrainingProgress
from viewfinder_components.training.class_weights import balanced_weights
from viewfinder_components.training.config import TrainConfig
from viewfinder_components.training.examples import FeatureExamples, in_order
from viewfinder_components.training.fit import Phase, fit


def clouds(count: int, seed: int, spread: float = 1.0) -> FeatureExamples:
    """Two clouds of points in eight dimensions that overlap a little."""
    random = np.random.default_rng(seed)
    labels = (np.arange(count) % 2).astype(np.int32)
    centres = np.where(labels[:, None], 1.0, -1.0) * np.linspace(0, 1, 8)
    features = centres + random.normal(0, spread, (count, 8))
    return FeatureExamples(features.astype(np.float32), labels)


def phase(train: FeatureExamples, val: FeatureExamples, **changes: Any) -> Phase:
    keras.utils.set_random_seed(0)
    features = keras.Input((8,))
    logits = keras.layers.Dense(2)(keras.layers.Dropout(0.2)(features))
    network = keras.Model(features, logits)
    settings: dict[str, Any] = {"name": "head", "epochs": 30, "learning_rate": 0.01} | changes
    return Phase(
        network=network,
        learning=network.trainable_variables,
        kept=network.variables,
        train=train,
        val=val,
        **settings,
    )


def weights(network: Any) -> np.ndarray:
    return np.concatenate([array.ravel() for array in network.get_weights()])


def test_it_learns_and_keeps_the_best_epoch(tmp_path: Path) -> None:
    part = phase(clouds(400, 0), clouds(100, 1))

    progress = fit(part, TrainConfig(), None, Checkpoint(tmp_path), TrainingProgress())

    assert len(progress.history) == 30
    best = progress.history[progress.best_epoch - 1]
    assert best["val_loss"] == min(entry["val_loss"] for entry in progress.history)
    assert best["val_accuracy"] > 0.9
    logits = np.array(part.network(part.val.take(np.arange(100)), training=False))
    logits -= logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(100), part.val.labels]
    assert losses.mean() == pytest.approx(best["val_loss"], rel=1e-5)


def test_it_stops_when_validation_no_longer_improves(tmp_path: Path) -> None:
    part = phase(clouds(20, 0, 4.0), clouds(50, 1, 4.0), epochs=500, learning_rate=0.05)

    progress = fit(part, TrainConfig(patience=7), None, Checkpoint(tmp_path), TrainingProgress())

    assert progress.finished
    assert len(progress.history) == progress.best_epoch + 7 < 500


def test_without_validation_it_uses_all_epochs_and_keeps_the_last(tmp_path: Path) -> None:
    part = phase(clouds(40, 0), clouds(0, 1), epochs=20)

    progress = fit(part, TrainConfig(patience=1), None, Checkpoint(tmp_path), TrainingProgress())

    assert (len(progress.history), progress.best_epoch) == (20, 20)
    assert progress.history[-1]["val_loss"] is None
    assert progress.history[-1]["val_accuracy"] is None


def test_a_phase_that_only_harms_is_undone(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path)
    good = phase(clouds(400, 0), clouds(100, 1))
    before = fit(good, TrainConfig(), None, checkpoint, TrainingProgress())
    kept = weights(good.network)
    labels = 1 - good.train.labels
    harm = phase(FeatureExamples(good.train.take(np.arange(400)), labels), good.val, name="harm")
    harm.network.set_weights(good.network.get_weights())

    after = fit(harm, TrainConfig(patience=3), None, checkpoint, before)

    assert after.best_epoch == before.best_epoch
    assert [entry["epoch"] for entry in after.history] == list(range(1, 34))
    np.testing.assert_array_equal(weights(harm.network), kept)


@pytest.mark.parametrize("stop", [1, 13, 29])
def test_stopped_after_any_epoch_it_ends_the_same(tmp_path: Path, stop: int) -> None:
    whole, first, second = (phase(clouds(90, 0), clouds(30, 1)) for _ in range(3))
    config = TrainConfig(batch_size=16, patience=30)
    expected = fit(whole, config, None, Checkpoint(tmp_path / "whole"), TrainingProgress())

    class StoppingCheckpoint(Checkpoint):
        def save(self, name: str, state: Any) -> None:
            super().save(name, state)
            if len(state.progress.history) == stop:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(first, config, None, StoppingCheckpoint(tmp_path / "killed"), TrainingProgress())
    progress = fit(second, config, None, Checkpoint(tmp_path / "killed"), TrainingProgress())

    assert progress == expected
    np.testing.assert_array_equal(weights(whole.network), weights(second.network))


def test_a_finished_phase_is_not_run_again(tmp_path: Path) -> None:
    first, second = (phase(clouds(90, 0), clouds(30, 1)) for _ in range(2))
    expected = fit(first, TrainConfig(), None, Checkpoint(tmp_path), TrainingProgress())
    stamp = (tmp_path / "head.npz").stat().st_mtime_ns

    assert fit(second, TrainConfig(), None, Checkpoint(tmp_path), TrainingProgress()) == expected
    assert (tmp_path / "head.npz").stat().st_mtime_ns == stamp
    np.testing.assert_array_equal(weights(first.network), weights(second.network))


def test_divergence_names_the_epoch_and_the_rate(tmp_path: Path) -> None:
    train = clouds(40, 0)
    broken = FeatureExamples(np.sign(train.features) * np.float32(3e38), train.labels)
    part = phase(broken, clouds(0, 1), learning_rate=0.5)

    with pytest.raises(
        PermanentError, match=r"finite loss, .* epoch 1 \(head\) .* rate 0.5; try .* of 0.05"
    ):
        fit(part, TrainConfig(), None, Checkpoint(tmp_path), TrainingProgress())
    assert Checkpoint(tmp_path).load("head") is None


def test_class_weights_rescue_a_rare_class(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    labels = np.repeat(np.array([0, 1], np.int32), [400, 20])
    features = (labels[:, None] + random.normal(0, 1.0, (420, 8))).astype(np.float32)
    train = FeatureExamples(features, labels)
    recalls = []
    for balanced in (None, balanced_weights(labels, 2)):
        part = phase(train, clouds(0, 0), epochs=60)
        fit(part, TrainConfig(), balanced, Checkpoint(tmp_path / str(balanced)), TrainingProgress())
        logits = np.array(part.network(features[400:], training=False))
        recalls.append((logits.argmax(axis=1) == 1).mean())

    assert recalls[1] > recalls[0] + 0.1


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_the_loss_is_the_smoothed_cross_entropy(tmp_path: Path, smoothing: float) -> None:
    train = clouds(10, 0)
    part = phase(train, clouds(0, 0), epochs=1, learning_rate=1e-12)
    logits = np.array(part.network(train.features, training=False), np.float64)
    part.network.layers[1].rate = 0.0
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    targets = np.eye(2)[train.labels] * (1 - smoothing) + smoothing / 2

    config = TrainConfig(label_smoothing=smoothing)
    progress = fit(part, config, None, Checkpoint(tmp_path), TrainingProgress())

    expected = -(targets * np.log(shares)).sum(axis=1).mean()
    assert progress.history[0]["loss"] == pytest.approx(expected, rel=1e-5)


def test_half_precision_scales_its_losses_and_goes_on_the_same(tmp_path: Path) -> None:
    parts = [phase(clouds(90, 0), clouds(30, 1), mixed_float16=True, epochs=n) for n in (6, 3, 6)]
    expected = fit(
        parts[0], TrainConfig(), None, Checkpoint(tmp_path / "whole"), TrainingProgress()
    )
    checkpoint = Checkpoint(tmp_path / "parts")
    fit(parts[1], TrainConfig(), None, checkpoint, TrainingProgress())
    state = checkpoint.load("head")
    assert state is not None
    checkpoint.save("head", replace(state, progress=replace(state.progress, finished=False)))

    assert fit(parts[2], TrainConfig(), None, checkpoint, TrainingProgress()) == expected
    np.testing.assert_array_equal(weights(parts[0].network), weights(parts[2].network))
    assert expected.history[-1]["loss"] < expected.history[0]["loss"]


def test_examples_come_in_the_order_asked_for() -> None:
    examples = FeatureExamples(
        np.arange(10, dtype=np.float32)[:, None], np.arange(10, dtype=np.int32), 2
    )
    order = np.random.default_rng(0).permutation(10)

    parts = list(in_order(examples, order, 2))

    assert [len(labels) for _, labels in parts] == [4, 4, 2]
    assert np.concatenate([inputs[:, 0] for inputs, _ in parts]).tolist() == order.tolist()
    assert np.concatenate([labels for _, labels in parts]).tolist() == order.tolist()
    assert list(in_order(examples, order[:0], 2)) == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (tf.errors.ResourceExhaustedError(None, None, "OOM when allocating"), "enough memory"),
        (tf.errors.ResourceExhaustedError(None, None, "x; No space left on device"), "the disk"),
        (
            tf.errors.AbortedError(
                None,
                None,
                "{{function_node __wrapped____MklNativeConv2D}} Operation received an exception:"
                "Status: 1, message: could not create a primitive, in file mkl_conv_ops.cc:1112",
            ),
            "enough memory",
        ),
        (ValueError("shapes (2,) and (3,)"), "ValueError: shapes (2,) and (3,)"),
    ],
)
def test_an_error_of_a_keras_layer_is_told_by_what_happened(error: Exception, told: str) -> None:
    """Keras puts a heading above a layer's error, and the layer's arguments below it."""

    class Failing(keras.Layer):
        def call(self, inputs: object) -> object:
            raise error

    with pytest.raises(type(error)) as caught:
        Failing()(np.zeros((1, 2), np.float32))
    assert "Arguments received by" in str(caught.value)
    message = describe_exception(caught.value).message
    assert told in message
    assert "Arguments received" not in message
