"""The int8 model of NNCF, of a small real network and real photos."""

import importlib.abc
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.fixtures.photos import imagenet_files
from tests.fixtures.servables import mean_colour_model

from viewfinder_components.errors import PermanentError
from viewfinder_components.export.config import ExportConfig
from viewfinder_components.export.export import ExportResult, export_model
from viewfinder_components.export.quantization import NotQuantizedError, find_photos, quantize
from viewfinder_components.formats.drawn_photos import write_drawn_photos
from viewfinder_components.formats.precision import PrecisionChoice
from viewfinder_components.inference import InferenceModel, has_bfloat16
from viewfinder_components.openvino import ov
from viewfinder_components.photos.decode import decode
from viewfinder_components.storage.contents import Contents
from viewfinder_components.tensorflow import keras
from viewfinder_components.training.openvino_ir import save_openvino, to_openvino

CONFIG = ExportConfig(run_id="run-1", model_name="fruit", least_photos=4)
LABELS = ["apple | red", "<b>pear</b>", "früit"]
SIZE = 48
INT8_FILES = ("model-int8.xml", "model-int8.bin")


@pytest.fixture(scope="session")
def photos() -> NDArray[np.uint8]:
    """20 real photos."""
    return np.stack([decode(path.read_bytes(), SIZE, 10**9) for path in imagenet_files()])


@pytest.fixture(scope="session")
def drawn(photos: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fourteen of them, as preprocess draws them from the training split."""
    folder = tmp_path_factory.mktemp("drawn")
    write_drawn_photos(
        folder,
        "train",
        labels=LABELS,
        counts={"train": 30, "test": 6},
        truth=np.arange(14).astype(np.int32) % len(LABELS),
        image_size=SIZE,
        batches=[photos[:14]],
    )
    return folder


@pytest.fixture(scope="session")
def exported(
    steps: Any, drawn: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, ExportResult]:
    servable = tmp_path_factory.mktemp("exported") / "servable"
    return servable, export_model(steps.model, steps.evaluation, servable, CONFIG, drawn)


@pytest.fixture
def pooled(tmp_path: Path) -> Path:
    """A network with the shape of the program's own: pooling, then a dense layer."""
    keras.utils.set_random_seed(2)
    pixels = keras.Input((SIZE, SIZE, 3), dtype="uint8", name="pixels")
    x = keras.layers.Rescaling(1 / 128, -127 / 128, dtype="float32")(pixels)
    for filters in (8, 16):
        x = keras.layers.Conv2D(filters, 3, 2, activation="relu6")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dense(len(LABELS), activation="softmax", name="probabilities")(x)
    network = keras.Model(pixels, x)
    network.get_layer("probabilities").set_weights(
        [3 * weights for weights in network.get_layer("probabilities").get_weights()]
    )
    (tmp_path / "pooled").mkdir()
    save_openvino(to_openvino(network, "probabilities"), tmp_path / "pooled")
    return tmp_path / "pooled"


def test_the_int8_model_is_part_of_the_servable(exported: tuple[Path, ExportResult]) -> None:
    servable, result = exported
    assert all((servable / name).is_file() for name in INT8_FILES)
    assert not Contents.read(servable).differences()
    assert "; with an int8 model" in result.summary
    assert "quantize" in result.seconds


def test_until_check_has_proved_it_the_manifest_allows_f32(
    exported: tuple[Path, ExportResult],
) -> None:
    entry = json.loads((exported[0] / "manifest.json").read_text())["precision"]
    assert PrecisionChoice.read(entry).allowed == ("f32",)


def test_each_precision_answers_within_its_tolerance(
    exported: tuple[Path, ExportResult], photos: NDArray[np.uint8]
) -> None:
    """Measured: 0.008 in int8, 0.004 in bf16; both with and without AVX-512."""
    servable, _ = exported
    expected = InferenceModel.load(servable).predict(photos)
    int8 = InferenceModel.load(servable, precision="int8").predict(photos)
    assert 0 < np.abs(int8 - expected).max() < 0.05
    if has_bfloat16():
        bf16 = InferenceModel.load(servable, precision="bf16").predict(photos)
        assert 0 < np.abs(bf16 - expected).max() < 0.02
    np.testing.assert_array_equal(InferenceModel.load(servable).predict(photos), expected)


def test_the_same_photos_give_the_same_files_in_every_process(
    steps: Any, photos: NDArray[np.uint8], tmp_path: Path
) -> None:
    """OpenVINO numbers the nodes of a process, so that a second model in one has other names."""
    code = (
        "import sys; from pathlib import Path; import numpy as np;"
        "from viewfinder_components.export.quantization import quantize;"
        "quantize(Path(sys.argv[1]), np.load(sys.argv[2]), Path(sys.argv[3]))"
    )
    np.save(tmp_path / "photos.npy", photos)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        command = [sys.executable, "-c", code, steps.model, tmp_path / "photos.npy"]
        subprocess.run([*command, tmp_path / name], check=True)
    for name in INT8_FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_weights_take_a_byte_and_the_dense_layers_stay_as_they_are(
    pooled: Path, photos: NDArray[np.uint8], tmp_path: Path
) -> None:
    quantize(pooled, photos, tmp_path)
    model = ov.Core().read_model(tmp_path / "model-int8.xml")
    kinds = {"Convolution": [], "MatMul": []}
    for node in model.get_ops():
        if node.get_type_name() in kinds:
            weights = node.input_value(1).get_node()
            while weights.get_type_name() != "Constant":
                weights = weights.input_value(0).get_node()
            kinds[node.get_type_name()].append(weights.get_element_type().get_type_name())
    assert kinds == {"Convolution": ["i8", "i8"], "MatMul": ["f32"]}


def test_an_int8_model_explains_its_answers(
    pooled: Path, photos: NDArray[np.uint8], tmp_path: Path
) -> None:
    quantize(pooled, photos, tmp_path)
    plain = InferenceModel.load(pooled, explains=True)
    int8 = InferenceModel.load(tmp_path, explains=True, precision="int8")
    assert int8.explanation_method == plain.explanation_method == "cam"
    ours, theirs = int8.explain(photos[0]), plain.explain(photos[0])
    np.testing.assert_allclose(ours.probabilities, int8.predict(photos[:1])[0], atol=1e-6)
    assert np.corrcoef(ours.class_map.ravel(), theirs.class_map.ravel())[0, 1] > 0.9


def test_the_drawn_photos_are_used(drawn: Path, photos: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(find_photos(drawn, CONFIG), photos[:14])


@pytest.mark.parametrize(
    ("values", "given", "reason"),
    [
        ({"precision_served": "f32"}, True, "because precision_served is f32"),
        ({"precision_served": "bf16"}, True, "because precision_served is bf16"),
        ({}, False, "because export was given no photos to calibrate it"),
        (
            {"least_photos": 100},
            True,
            "It takes 100 test photos to prove another precision, and the split has 6",
        ),
    ],
)
def test_a_model_that_would_not_be_served_is_not_made(
    values: dict[str, Any], given: bool, reason: str, drawn: Path, steps: Any, tmp_path: Path
) -> None:
    config, folder = replace(CONFIG, **values), tmp_path / "servable"
    result = export_model(steps.model, steps.evaluation, folder, config, drawn if given else None)
    assert reason in result.not_quantized
    assert not any((folder / name).exists() for name in INT8_FILES)
    entry = json.loads((folder / "manifest.json").read_text())["precision"]
    assert (entry["served"], entry["reason"]) == ("f32", result.not_quantized)


def test_without_nncf_the_model_stays_f32_and_the_run_goes_on(
    drawn: Path, steps: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [one for one in sys.modules if one.split(".")[0] == "nncf"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_Without("nncf"), *sys.meta_path])
    result = export_model(steps.model, steps.evaluation, tmp_path / "servable", CONFIG, drawn)
    assert result.not_quantized == (
        "There is no int8 model, because the package nncf is not installed."
    )


class _Without(importlib.abc.MetaPathFinder):
    """Makes a package look as if it were not installed."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.split(".", maxsplit=1)[0] == self.package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_a_model_that_nncf_cannot_quantize_stays_f32(
    steps: Any, photos: NDArray[np.uint8], tmp_path: Path
) -> None:
    """It runs the photos through the model, and these do not fit."""
    with pytest.raises(NotQuantizedError, match=r"NNCF could not quantize this one: .+\."):
        quantize(steps.model, photos[:, :20], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_weights_to_quantize_stays_f32(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    ov.save_model(mean_colour_model(SIZE), tmp_path / "model" / "model.xml")
    photos = np.zeros((4, SIZE, SIZE, 3), np.uint8)
    with pytest.raises(NotQuantizedError, match="NNCF found no weights that it can quantize"):
        quantize(tmp_path / "model", photos, tmp_path)


def test_photos_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="run preprocess again"):
        find_photos(tmp_path, CONFIG)
