"""The drift reference that export writes, of a small real network and real photos."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import openvino as ov
import pytest
from numpy.typing import NDArray
from openvino import opset13 as ops
from PIL import Image, ImageFilter
from tests.fixtures.photos import imagenet_files
from tests.fixtures.servables import mean_colour_model

from viewfinder_components.errors import PermanentError
from viewfinder_components.export.config import ExportConfig
from viewfinder_components.export.drift import DriftOutcome, write_drift
from viewfinder_components.export.inputs import ExportInputs
from viewfinder_components.formats.drawn_photos import write_drawn_photos
from viewfinder_components.formats.drift_reference import (
    ANSWER_MEASURES,
    PHOTO_MEASURES,
    DriftReference,
    Measure,
)
from viewfinder_components.formats.features import FEATURES
from viewfinder_components.monitoring.novelty import Novelty
from viewfinder_components.monitoring.pixels import measure_pixels
from viewfinder_components.monitoring.statistic import compare_counts
from viewfinder_components.photos.decode import decode

CONFIG = ExportConfig(run_id="run-1", model_name="fruit", drift_false_alarm_rate=0.5)
LABELS = ("apple", "pear")
SIZE = 48


class Given(NamedTuple):
    """What export is given."""

    inputs: ExportInputs
    calibration: Path
    reference: Path


def tint(photo: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    """Make another photo of one: three for each of the twenty."""
    return np.roll(photo, number % 3 * 7, axis=1)


@pytest.fixture(scope="session")
def pixels() -> NDArray[np.uint8]:
    """60 photos."""
    photos = [decode(path.read_bytes(), SIZE, 10**9) for path in imagenet_files()]
    return np.stack([tint(photos[number // 3], number) for number in range(60)])


def draw(folder: Path, split: str, pixels: NDArray[np.uint8], **changes: Any) -> Path:
    values = {
        "labels": LABELS,
        "counts": {"train": 30, "val": len(pixels), "test": 6},
        "truth": np.arange(len(pixels)).astype(np.int32) % 2,
        "image_size": pixels.shape[1],
        "batches": [pixels],
        "file_measures": [
            None if number == 0 else np.array([12e6, 4 / 3, 80 + number % 2])
            for number in range(len(pixels))
        ],
    }
    write_drawn_photos(folder, split, **(values | changes))
    return folder


@pytest.fixture(scope="session")
def given(pixels: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory) -> Given:
    root = tmp_path_factory.mktemp("given")
    ov.save_model(make_model(1), root / "model.xml", False)
    inputs = ExportInputs(root, LABELS, {"image_size": SIZE}, {}, ())
    others = pixels[:, :, ::-1]
    calibration = draw(root / "train", "train", others[::2])
    return Given(inputs, calibration, draw(root / "val", "val", pixels))


def make_model(scale: float) -> ov.Model:
    """Make a network with the shape of the program's own: pooling, then a dense layer."""
    random = np.random.default_rng(0)
    pixels = ops.parameter([-1, SIZE, SIZE, 3], np.uint8, name="pixels")
    kernel = ops.constant(random.normal(size=(12, 3, 5, 5)).astype(np.float32) / 100)
    moved = ops.transpose(ops.convert(pixels, "f32"), ops.constant(np.array([0, 3, 1, 2])))
    maps = ops.relu(ops.convolution(moved, kernel, [4, 4], [0, 0], [0, 0], [1, 1]))
    features = ops.reduce_mean(maps, np.array([2, 3]), keep_dims=False)
    weights = ops.constant(scale * random.normal(size=(12, 2)).astype(np.float32))
    row = ops.softmax(ops.matmul(features, weights, False, False), 1)
    return ov.Model([ops.result(row)], [pixels])


def run(given: Given, folder: Path, **changes: Any) -> tuple[DriftOutcome, DriftReference | None]:
    folder.mkdir(exist_ok=True)
    config = replace(CONFIG, **{k: v for k, v in changes.items() if k.startswith("drift")})
    inputs = changes.get("inputs", given.inputs)
    places = (changes.get(name, getattr(given, name)) for name in ("calibration", "reference"))
    outcome = write_drift(folder, inputs, config, *places)
    return outcome, DriftReference.read(folder)


def test_every_measure_has_the_counts_of_the_photos(given: Given, tmp_path: Path) -> None:
    outcome, reference = run(given, tmp_path)
    assert outcome == DriftOutcome(60, 0.5)
    assert reference is not None
    assert reference.photos == 60
    sums = {measure.name: sum(measure.counts) for measure in reference.of("f32")}
    files = dict.fromkeys(("pixels", "aspect", "jpeg_quality"), 59)  # one was shrunk before
    assert sums == {name: files.get(name, 60) for name in PHOTO_MEASURES + ANSWER_MEASURES}
    assert list(reference.answers) == ["f32"]
    assert Novelty.read(tmp_path) is not None


def test_the_measured_photos_are_no_drift_and_dark_blurred_ones_are(
    given: Given, pixels: NDArray[np.uint8], tmp_path: Path
) -> None:
    reference = run(given, tmp_path, drift_false_alarm_rate=0.001)[1]
    assert reference is not None
    blurred = [Image.fromarray(photo).filter(ImageFilter.GaussianBlur(2)) for photo in pixels]
    others = np.stack([np.asarray(photo) // 3 for photo in blurred])
    drifted = {
        name: {
            measure.name
            for measure, values in zip(
                reference.measures, np.stack(list(map(measure_pixels, photos))).T, strict=False
            )
            if has_drifted(reference, measure, np.tile(values, 3))
        }
        for name, photos in (("same", pixels), ("others", others))
    }
    assert not drifted["same"]
    assert {"brightness", "contrast", "sharpness"} <= drifted["others"]


def has_drifted(reference: DriftReference, measure: Measure, values: NDArray[np.float64]) -> bool:
    counts = np.bincount(measure.place(values), minlength=len(measure.counts))
    return compare_counts(measure, counts.astype(float), reference).has_drifted


def test_int8_has_answers_of_its_own(given: Given, tmp_path: Path) -> None:
    ov.save_model(make_model(0.1), tmp_path / "model-int8.xml", False)
    reference = run(given, tmp_path)[1]
    assert reference is not None
    assert list(reference.answers) == ["f32", "int8"]
    confidence = [reference.of(name)[9] for name in ("f32", "int8")]
    assert {measure.name for measure in confidence} == {"confidence"}
    assert confidence[0].edges[0] > confidence[1].edges[0]


def test_the_same_photos_give_the_same_files(given: Given, tmp_path: Path) -> None:
    digests = []
    for name in ("one", "two"):
        run(given, tmp_path / name)
        digests.append([path.read_bytes() for path in sorted((tmp_path / name).iterdir())])
    assert len(digests[0]) == 2
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"drift_false_alarm_rate": 0}, "because drift_false_alarm_rate is 0."),
        ({"reference": None}, "because export was given no validation photos."),
    ],
)
def test_without_photos_there_is_none_and_the_reason_is_told(
    given: Given, tmp_path: Path, changes: dict, reason: str
) -> None:
    outcome, reference = run(given, tmp_path, **changes)
    assert reference is None
    assert not list(tmp_path.iterdir())
    assert outcome.reason == f"There is no drift reference, {reason}"


def test_of_fewer_than_50_photos_there_is_none(
    given: Given, pixels: NDArray[np.uint8], tmp_path: Path
) -> None:
    outcome, reference = run(
        given, tmp_path / "out", reference=draw(tmp_path / "few", "val", pixels[:49])
    )
    assert reference is None
    assert outcome.summary == (
        ". There is no drift reference: it takes 50 validation photos, and the split has 49."
    )


def test_a_model_that_does_not_pool_has_no_novelty(given: Given, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    ov.save_model(mean_colour_model(SIZE), tmp_path / "model" / "model.xml", False)
    inputs = replace(given.inputs, model_dir=tmp_path / "model", labels=("blue", "green", "red"))
    reference = draw(tmp_path / "val", "val", np.zeros((50, SIZE, SIZE, 3), np.uint8))
    values = json.loads((reference / "drawn.json").read_text())
    (reference / "drawn.json").write_text(json.dumps(values | {"labels": inputs.labels}))
    found = run(given, tmp_path / "out", inputs=inputs, reference=reference)[1]
    assert found is not None
    assert [measure.name for measure in found.answers["f32"]] == ["confidence", "predicted"]
    assert Novelty.read(tmp_path / "out") is None


def test_features_that_train_left_are_used(given: Given, tmp_path: Path) -> None:
    """With them, calibration photos are not needed."""
    (tmp_path / "model").mkdir()
    ov.save_model(make_model(1), tmp_path / "model" / "model.xml", False)
    inputs = replace(given.inputs, model_dir=tmp_path / "model")
    run(given, tmp_path / "none", inputs=inputs, calibration=None)
    assert Novelty.read(tmp_path / "none") is None
    features = np.random.default_rng(0).normal(size=(40, 12)).astype(np.float32)
    labels = {"labels of train": np.arange(40, dtype=np.int32) % 2}
    np.savez(tmp_path / "model" / FEATURES, train=features, **labels)
    run(given, tmp_path / "some", inputs=inputs, calibration=None)
    novelty = Novelty.read(tmp_path / "some")
    assert novelty is not None
    np.testing.assert_allclose(novelty.centre, features.mean(axis=0), atol=1e-6)


def test_photos_of_another_model_are_refused(given: Given, tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="validation photos of the model's classes"):
        run(given, tmp_path, inputs=replace(given.inputs, labels=("bee", "wasp")))
