"""A small real world to evaluate in: photos on disk, shards, a model that OpenVINO runs."""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openvino as ov
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openvino import opset13 as ops
from PIL import Image
from tests.fixtures.servables import mean_colours

from viewfinder_components.formats.photo_index import write_summary
from viewfinder_components.photos.hashing import perceptual_hashes, shrink_to_grey
from viewfinder_components.preprocessing.config import PreprocessConfig
from viewfinder_components.preprocessing.write import write_shards

_SHARPNESS = 0.0008  # of the softmax: confident, not certain
COLOURS = np.array([[200, 40, 40], [40, 180, 40], [40, 40, 220], [200, 200, 40], [90, 90, 90]])


@dataclass(frozen=True)
class World:
    """Where the outputs of the steps before evaluate lie, and where its own go."""

    root: Path

    @property
    def index(self) -> Path:
        return self.root / "index"

    @property
    def shards(self) -> Path:
        return self.root / "shards"

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def evaluation(self) -> Path:
        return self.root / "evaluation"

    @property
    def report(self) -> Path:
        return self.root / "report.html"

    @property
    def published(self) -> Path:
        return self.root / "published"

    def add_photos(
        self, labels: Sequence[str], counts: Sequence[int], size: int = 32, noise: float = 25.0
    ) -> None:
        """Write photos in each class's colour, then index, pixels and shards; all are test photos
        but one of each class."""
        rng = np.random.default_rng(0)
        folder = self.root / "photos"
        folder.mkdir(parents=True, exist_ok=True)
        rows, pixels = [], []
        for number, (label, count) in enumerate(zip(labels, counts, strict=True)):
            for photo in range(count + 1):
                content, seen = make_photo(rng, COLOURS[number % len(COLOURS)], size, noise)
                path = folder / f"{number}-{photo} photo.png"
                path.write_bytes(content)
                pixels.append(seen)
                rows.append(
                    {
                        "uri": str(path),
                        "sha256": hashlib.sha256(content).hexdigest(),
                        "perceptual_hash": hash_pixels(seen),
                        "label": label,
                        "split": "train" if photo == count else "test",
                        "row": len(rows),
                        "status": "used",
                    }
                )
        self._write_steps(labels, size, rows, pixels)

    def _write_steps(self, labels, size, rows, pixels) -> None:
        self.index.mkdir()
        pq.write_table(pa.Table.from_pylist(rows), self.index / "index.parquet")
        (self.root / "pixels").mkdir()
        np.save(self.root / "pixels" / "part-00000.npy", np.stack(pixels))
        counts = {
            label: {
                split: sum(row["label"] == label and row["split"] == split for row in rows)
                for split in ("train", "val", "test")
            }
            for label in labels
        }
        summary = {
            "data": str(self.root / "photos"),
            "image_size": size,
            "labels": list(labels),
            "data_digest": "d" * 64,
            "counts": {"used": len(rows), "duplicate": 2, "unreadable": 1},
            "classes": counts,
            "reasons": {"exact_duplicate": 2, "truncated": 1},
            "warnings": [],
            "seconds": {"read": 1.25, "split": 0.5},
        }
        write_summary(self.index, summary)
        write_shards(self.index, self.root / "pixels", self.shards, PreprocessConfig())

    def add_model(
        self, labels: Sequence[str], size: int = 32, scale: float = 1.0, swap: bool = False
    ) -> None:
        """Write a model that tells the classes' colours apart.

        Args:
            labels: The classes.
            size: Of the photos it takes.
            scale: What the probabilities are multiplied with; 1 leaves them what they are.
            swap: Whether it takes the first two classes for each other.
        """
        write_colour_model(self.model, labels, size, scale, swap)
        training = {
            "backbone": "colour",
            "data_digest": "d" * 64,
            "best_epoch": 2,
            "history": [
                {"epoch": 1, "phase": "head", "loss": 1.2, "accuracy": 0.5, "val_loss": 1.3,
                 "val_accuracy": 0.4},
                {"epoch": 2, "phase": "head", "loss": 0.7, "accuracy": 0.8, "val_loss": 0.9,
                 "val_accuracy": 0.7},
                {"epoch": 3, "phase": "fine_tuning", "loss": 0.5, "accuracy": 0.9,
                 "val_loss": 1.0, "val_accuracy": 0.6},
            ],
            "config": {"epochs": 3},
            "seconds": {"features": 2.0, "head": 1.0},
        }  # fmt: skip
        (self.model / "training.json").write_text(json.dumps(training))

    def publish(self, number: int, labels: Sequence[str], size: int = 32) -> Path:
        """Publish a version that tells the classes' colours apart."""
        folder = self.published / "classifier" / str(number)
        write_colour_model(folder, labels, size)
        (folder / "manifest.json").write_text("{}")
        return folder


def hash_pixels(pixels: np.ndarray) -> str:
    """Return what validate writes for a photo of these pixels."""
    grey = shrink_to_grey(Image.fromarray(pixels))
    return f"{int(perceptual_hashes(grey[np.newaxis])[0]):016x}"


def make_photo(rng, colour, size: int, noise: float) -> tuple[bytes, np.ndarray]:
    """Return a PNG file and its pixels."""
    pixels = np.clip(colour + rng.normal(0, noise, 3) + rng.normal(0, 9, (size, size, 3)), 0, 255)
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG")
    return file.getvalue(), pixels.astype(np.uint8)


def write_colour_model(
    folder: Path, labels: Sequence[str], size: int, scale: float = 1.0, swap: bool = False
) -> None:
    """Write an OpenVINO model: the nearer the mean colour to a class's, the likelier the class."""
    folder.mkdir(parents=True, exist_ok=True)
    centres = np.array([COLOURS[place % len(COLOURS)] for place in range(len(labels))], np.float32)
    if swap:
        centres[[0, 1]] = centres[[1, 0]]
    pixels, colour = mean_colours(size, size)
    # -|c - centre|^2 = 2 c . centre - |centre|^2 - |c|^2, of which a softmax ignores the last.
    logits = ops.matmul(colour, 2 * _SHARPNESS * centres.T, False, False)
    logits = ops.add(logits, -(centres**2).sum(1) * np.float32(_SHARPNESS))
    output = ops.softmax(logits, 1)
    if scale != 1:
        output = ops.multiply(output, np.float32(scale))
    ov.save_model(ov.Model([output], [pixels]), folder / "model.xml", compress_to_fp16=False)
    (folder / "labels.json").write_text(json.dumps(list(labels)))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
