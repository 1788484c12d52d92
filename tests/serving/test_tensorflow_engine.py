"""TensorFlow on the SavedModel answers as OpenVINO does, through the same contract."""

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.photos import imagenet_files
from tests.fixtures.servables import LABELS, draw
from tests.fixtures.waiting import PATIENCE
from tests.serving.conftest import Predictor, run_predictor
from tests.serving.test_hostile_requests import V1, expand, hold, post, read_cases

from viewfinder_components.errors import PermanentError
from viewfinder_components.export.saved_model import trace_serving, write_saved_model
from viewfinder_components.shared_parameters import DEFAULT_TOLERANCE
from viewfinder_components.storage.checksums import digest_file
from viewfinder_components.tensorflow import keras
from viewfinder_components.training.openvino_ir import save_openvino, to_openvino
from viewfinder_serving.saved_model import SavedModel, _to_png
from viewfinder_serving.servable import Servable

SIZE = 64
OPENVINO_FILES = ("model.xml", "model.bin")
OPTIONS = ("--max-request-mb", "1", "--max-megapixels", "2", "--max-photos", "4")


def write_manifest(folder: Path, **values: object) -> None:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json"]
    digests = {path.relative_to(folder).as_posix(): {"sha256": digest_file(path)} for path in files}
    manifest = {"run_id": "r", "model_name": "colour", "files": digests} | values
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version with the files for both engines."""
    folder = tmp_path_factory.mktemp("models") / "colour" / "7"
    folder.mkdir(parents=True)
    keras.utils.set_random_seed(1)
    pixels = keras.Input((SIZE, SIZE, 3), dtype="uint8", name="pixels")
    x = keras.layers.Rescaling(1 / 128, -127 / 128, dtype="float32")(pixels)
    x = keras.layers.Conv2D(8, 5, 4, activation="relu")(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(len(LABELS), activation="softmax", name="probabilities")(x)
    network = keras.Model(pixels, x)
    save_openvino(to_openvino(network, "probabilities"), folder)
    write_saved_model(trace_serving(network, LABELS, SIZE), folder)
    (folder / "labels.json").write_text(json.dumps(LABELS))
    write_manifest(folder, image_size=SIZE, labels=LABELS)
    return folder


@pytest.fixture(scope="module")
def without_openvino(version: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same version without OpenVINO's files."""
    folder = tmp_path_factory.mktemp("models") / "colour" / "7"
    shutil.copytree(version, folder, ignore=shutil.ignore_patterns(*OPENVINO_FILES))
    return folder


@pytest.fixture(scope="module")
def by_tensorflow(
    without_openvino: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Predictor]:
    scratch = tmp_path_factory.mktemp("tensorflow")
    options = (*OPTIONS, "--engine", "tensorflow")
    with run_predictor(without_openvino, scratch, *options) as predictor:
        yield predictor


def photos() -> list[bytes]:
    """Real photos, and forms that the SavedModel itself would refuse or decode otherwise."""
    real = [path.read_bytes() for path in imagenet_files()[:8]]
    turned, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.open(io.BytesIO(real[0])).save(turned, "JPEG", exif=exif, quality=95)
    webp = io.BytesIO()
    Image.open(io.BytesIO(real[1])).save(webp, "WEBP")
    return [*real, turned.getvalue(), webp.getvalue(), draw("red"), draw("blue", form="GIF")]


def test_both_engines_agree(version, by_tensorflow, tmp_path):
    with run_predictor(version, tmp_path, *OPTIONS) as by_openvino:
        for photo in photos():
            answers = [
                one.predict(photo).json()["predictions"][0] for one in (by_openvino, by_tensorflow)
            ]
            ours, theirs = (np.array(answer["probabilities"]) for answer in answers)
            assert np.abs(ours - theirs).max() <= DEFAULT_TOLERANCE / 100
            assert answers[0]["label"] == answers[1]["label"]
        described = [
            one.client.get("/v2/models/colour").json() for one in (by_openvino, by_tensorflow)
        ]
    assert [one.pop("platform") for one in described] == ["openvino_ir", "tensorflow_savedmodel"]
    assert [one["properties"].pop("precision_reason") for one in described] == [
        "The version was published without a choice of precision.",
        "TensorFlow computes in f32.",
    ]
    assert described[0] == described[1]


def test_several_photos_keep_their_order(by_tensorflow):
    every = photos()
    alone = [by_tensorflow.predict(photo).json()["predictions"][0] for photo in every[:4]]
    together = by_tensorflow.predict(*every[:4]).json()["predictions"]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one["probabilities"], other["probabilities"], atol=1e-6)


def test_nothing_is_explained(by_tensorflow):
    body = {"instances": [{"b64": ""}]}
    answer = by_tensorflow.client.post("/v1/models/colour:explain", json=body)
    assert answer.status_code == 501
    assert "the engine openvino" in answer.json()["error"]


@pytest.mark.parametrize("case", read_cases("photos.yaml"))
def test_hostile_photos(by_tensorflow, case):
    import base64

    text = expand(case["b64"]) if "b64" in case else base64.b64encode(expand(case["photo"]))
    hold(by_tensorflow, [post(V1, b'{"instances": [{"b64": "%b"}]}' % text)], case["status"])


def test_every_bit_of_the_pixels_is_kept():
    pixels = np.random.default_rng(1).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    with Image.open(io.BytesIO(_to_png(pixels))) as picture:
        picture.load()
        np.testing.assert_array_equal(np.asarray(picture), pixels)


def test_openvino_needs_its_own_files(without_openvino):
    with pytest.raises(PermanentError, match=r"no model\.xml, model\.bin"):
        Servable.load(without_openvino)


def test_a_version_that_does_not_say_its_size_is_refused(version, tmp_path):
    folder = tmp_path / "7"
    shutil.copytree(version, folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(PermanentError, match="image_size"):
        Servable.load(folder, engine="tensorflow")


def test_changed_and_broken_models_are_refused(version, tmp_path):
    folder = tmp_path / "7"
    shutil.copytree(version, folder)
    (folder / "saved_model.pb").write_bytes(b"nonsense")
    with pytest.raises(PermanentError, match=r"saved_model\.pb with sha256"):
        Servable.load(folder, engine="tensorflow")
    write_manifest(folder, image_size=SIZE)
    with pytest.raises(PermanentError, match="a SavedModel with the signature serving_default"):
        Servable.load(folder, engine="tensorflow")


def test_it_says_that_it_does_not_explain(version):
    model = SavedModel.load(version, SIZE)
    with pytest.raises(PermanentError, match="predictions only"):
        model.explain(np.zeros((SIZE, SIZE, 3), np.uint8))


def run_python(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def test_tensorflow_is_not_imported_unasked(version):
    loaded = "from viewfinder_serving import server; from viewfinder_serving.servable import *; "
    loaded += f"Servable.load(Path({str(version)!r})); "
    done = run_python(loaded + "import sys; assert 'tensorflow' not in sys.modules")
    assert done.returncode == 0, done.stderr


def test_without_tensorflow_it_says_how_to_get_it(version):
    """As in the predictor's image."""
    arguments = ["--model-dir", str(version), "--port", "0", "--engine", "tensorflow"]
    done = run_python(
        "import sys; sys.modules['tensorflow'] = None; "
        f"from viewfinder_serving.__main__ import main; sys.exit(main({arguments}))"
    )
    assert done.returncode == 1
    assert "expected TensorFlow for --engine tensorflow" in done.stderr
    assert "pip install" in done.stderr
