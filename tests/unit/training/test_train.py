import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.training.conftest import require_precision

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.shards import Shards
from viewfinder_components.inference import InferenceModel
from viewfinder_components.tensorflow import keras
from viewfinder_components.training.config import TrainConfig, TrainResult
from viewfinder_components.training.train import train_model

Trained = tuple[Path, Path, TrainResult]


@pytest.fixture(scope="module")
def trained(make_shards, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Apples and melons at 64 pixels, with the defaults."""
    shards, root = make_shards(64), tmp_path_factory.mktemp("trained")
    result = train_model(shards, root / "model", root / "checkpoints", TrainConfig(epochs=30))
    return shards, root / "model", result


def test_it_writes_what_the_next_steps_read(trained: Trained) -> None:
    _, model, result = trained

    names = {"model.keras", "model.xml", "model.bin", "labels.json", "training.json"}
    assert {path.name for path in model.iterdir()} == {*names, "features.npz"}
    assert json.loads((model / "labels.json").read_text()) == ["Apple", "Melon"]
    assert json.loads((model / "training.json").read_text()) == result.to_json()
    assert not (model.parent / "checkpoints").exists()


def test_it_tells_how_it_went(trained: Trained) -> None:
    _, _, result = trained

    assert (result.backbone, result.head) == ("efficientnet-lite0", "linear")
    assert (result.precision, result.device) == ("float32", "CPU")
    assert result.photos == {"train": 64, "val": 16, "test": 0}
    assert [entry["epoch"] for entry in result.history] == list(range(1, len(result.history) + 1))
    assert set(result.history[0]) == {
        "epoch",
        "phase",
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
    }
    assert result.best["val_loss"] == min(entry["val_loss"] for entry in result.history)
    assert result.metrics["val_accuracy"] >= 0.8
    assert result.class_weights is None
    assert result.seeds["tensorflow"] == 0
    assert result.deterministic
    assert result.versions["tensorflow"].startswith("2.")
    assert result.weights is not None
    assert len(result.weights["sha256"]) == 64
    assert set(result.seconds) == {"import", "build", "convert", "features", "head", "save"}
    assert f"epoch {result.best_epoch} of {len(result.history)} was kept" in result.summary
    assert f"validation accuracy {result.best['val_accuracy']:.1%}" in result.summary


@pytest.mark.parametrize(
    ("losses", "settings", "advised"),
    [
        (
            [3.0, 2.0, 1.0],
            {"epochs": 3},
            "; the validation loss was still falling, so raising epochs may help",
        ),
        ([3.0, 1.0, 2.0], {"epochs": 3}, ""),  # it was not falling any more
        ([3.0, 2.0, 1.0], {"epochs": 4}, ""),
        ([None, None, None], {"epochs": 3}, ""),  # the last one is always kept
        (
            [3.0, 2.0, 1.0],
            {"epochs": 1, "fine_tune_epochs": 2},
            "so raising fine_tune_epochs may help",
        ),
        ([3.0, 2.0, 1.0], {"epochs": 1, "fine_tune_epochs": 3}, ""),
    ],
)
def test_more_epochs_are_advised_where_the_limit_ended_the_training(
    trained: Trained, losses: list[float | None], settings: dict[str, int], advised: str
) -> None:
    phases = ["head", "fine-tune", "fine-tune"] if len(settings) > 1 else ["head"] * 3
    history = [
        {
            "epoch": at,
            "phase": phase,
            "accuracy": 0.9,
            "val_loss": loss,
            "val_accuracy": loss and 0.8,
        }
        for at, (phase, loss) in enumerate(zip(phases, losses, strict=True), 1)
    ]
    known = [loss for loss in losses if loss is not None]
    best = losses.index(min(known)) + 1 if known else 3
    result = replace(
        trained[2],
        config=TrainConfig(**settings),
        history=history,
        best_epoch=best,  # type: ignore[arg-type]
    )
    assert advised in result.summary
    assert ("may help" in result.summary) == bool(advised)


def test_keras_and_openvino_answer_the_same(trained: Trained) -> None:
    shards, directory, result = trained
    split = Shards.open(shards).split("val")

    model = keras.models.load_model(directory / "model.keras")
    by_keras = np.array(model(split.pixels(), training=False))
    by_openvino = InferenceModel.load(directory).predict_many(split.pixels())

    np.testing.assert_allclose(by_keras, by_openvino, atol=1e-5)
    assert result.parity < 1e-5
    accuracy = (by_openvino.argmax(axis=1) == split.labels).mean()
    assert accuracy == pytest.approx(result.best["val_accuracy"])
    losses = -np.log(by_openvino[np.arange(len(split)), split.labels])
    assert losses.mean() == pytest.approx(result.best["val_loss"], rel=1e-3)


def test_the_same_again_gives_the_same_model(trained: Trained, tmp_path: Path) -> None:
    shards, directory, result = trained

    again = train_model(shards, tmp_path / "model", tmp_path / "c", TrainConfig(epochs=30))

    assert again.history == result.history
    assert (tmp_path / "model" / "model.bin").read_bytes() == (directory / "model.bin").read_bytes()


def test_without_validation_photos_it_says_so(
    make_shards, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = TrainConfig(epochs=4, head="hidden-layer", seed=3)

    result = train_model(make_shards(32, val=False), tmp_path / "model", tmp_path / "c", config)

    assert "no validation photos" in caplog.text
    assert (result.head, result.best_epoch, len(result.history)) == ("hidden-layer", 4, 4)
    assert set(result.metrics) == {"best_epoch", "epochs", "loss", "accuracy"}


@pytest.mark.slow
def test_mixed_precision_with_augmentation_ends_in_a_float32_model(
    make_shards, tmp_path: Path
) -> None:
    require_precision("mixed_bfloat16")
    # From scratch, because a CPU needs a minute for a pass of the others in bfloat16.
    config = TrainConfig("scratch", epochs=2, augment=True, precision="mixed_bfloat16")

    result = train_model(make_shards(32), tmp_path / "model", tmp_path / "c", config)

    assert [entry["phase"] for entry in result.history] == ["scratch", "scratch"]
    assert result.weights is None
    assert result.precision == "mixed_bfloat16"
    model = keras.models.load_model(tmp_path / "model" / "model.keras")
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}


def edit_manifest(shards: Path, **changes: Any) -> None:
    manifest = json.loads((shards / "shards.json").read_text())
    (shards / "shards.json").write_text(json.dumps(manifest | changes))


def test_shards_to_learn_nothing_from_are_refused(make_shards, tmp_path: Path) -> None:
    shards = make_shards(16)

    edit_manifest(shards, labels=["Apple"])
    with pytest.raises(PermanentError, match="two classes or more"):
        train_model(shards, tmp_path / "model", tmp_path / "c", TrainConfig())
    edit_manifest(shards, counts={"train": 0, "val": 0, "test": 0})
    with pytest.raises(PermanentError, match="training photos"):
        train_model(shards, tmp_path / "model", tmp_path / "c", TrainConfig())
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"backbone": "resnet"}, "backbone to be efficientnet-lite0, mobilenet or scratch"),
        ({"head": "book"}, "head to be linear, hidden-layer or empty, received 'book'"),
        (
            {"precision": "float16"},
            "precision to be auto, float32, mixed_float16 or mixed_bfloat16",
        ),
        ({"class_weights": "balanced"}, "class_weights to be auto or none"),
        ({"epochs": 0}, "epochs to be a whole number of at least 1, received 0"),
        ({"batch_size": 0}, "batch_size to be a whole"),
        ({"patience": 0}, "patience to be a whole"),
        ({"seed": 2**32}, "seed to be a whole number from 0 to 4294967295"),
        ({"seed": -1}, "seed to be a whole"),
        ({"fine_tune_epochs": -1}, "fine_tune_epochs to be a whole"),
        ({"learning_rate": 0.0}, "learning_rate to be a number from 1e-12 to 10"),
        (
            {"learning_rate": float("nan")},
            "learning_rate to be a number from 1e-12 to 10, received nan",
        ),
        (
            {"fine_tune_learning_rate": 11.0},
            "fine_tune_learning_rate to be a number from 1e-12 to 10",
        ),
        ({"dropout": 1.0}, "dropout to be a number from 0 to 0.99"),
        ({"label_smoothing": -0.1}, "label_smoothing to be a number from 0 to 0.99"),
        ({"backbone": "scratch", "fine_tune_epochs": 1}, "neither weights nor fine_tune_epochs"),
        ({"backbone": "scratch", "weights": "w.h5"}, "neither weights nor fine_tune_epochs"),
    ],
)
def test_settings_are_checked_before_anything_runs(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(PermanentError, match=problem):
        TrainConfig(**settings)
