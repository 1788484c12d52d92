import hashlib
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from viewfinder_components.errors import PermanentError
from viewfinder_components.export.config import ExportConfig
from viewfinder_components.export.export import ExportResult, export_model
from viewfinder_components.export.kept_photos import choose_kept
from viewfinder_components.formats.samples import Sample
from viewfinder_components.inference import InferenceModel
from viewfinder_components.photos.decode import decode
from viewfinder_components.publishing.config import PublishConfig
from viewfinder_components.publishing.publish import publish_version
from viewfinder_components.storage.contents import Contents
from viewfinder_components.tensorflow import tf

CONFIG = ExportConfig(run_id="run-1", model_name="fruit")
LABELS = ["apple | red", "<b>pear</b>", "früit"]
SIZE = 48


@pytest.fixture(scope="module")
def exported(steps: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ExportResult]:
    servable = tmp_path_factory.mktemp("exported") / "servable"
    return servable, export_model(steps.model, steps.evaluation, servable, CONFIG)


@pytest.fixture(scope="module")
def signature(exported: tuple[Path, ExportResult]) -> Any:
    loaded = tf.saved_model.load(str(exported[0]))
    function = loaded.signatures["serving_default"]
    function.keep = loaded  # the function alone does not keep its resources alive
    return function


@pytest.fixture
def changed(steps: Any, tmp_path: Path) -> Any:
    """The steps' outputs again, to be spoilt."""
    shutil.copytree(steps.model, tmp_path / "model")
    shutil.copytree(steps.evaluation, tmp_path / "evaluation")
    return replace(steps, model=tmp_path / "model", evaluation=tmp_path / "evaluation")


def test_everything_a_server_needs_is_there(exported: tuple[Path, ExportResult]) -> None:
    servable, result = exported
    found = {
        path.relative_to(servable).as_posix() for path in servable.rglob("*") if path.is_file()
    }
    assert {name for name in found if not name.startswith("samples/")} == {
        "saved_model.pb",
        "variables/variables.index",
        "variables/variables.data-00000-of-00001",
        "assets.extra/tf_serving_warmup_requests",
        "model.xml",
        "model.bin",
        "labels.json",
        "card.md",
        "manifest.json",
    }
    assert result.files == len(found)
    assert result.difference < 0.001
    phases = {"read", "import", "load", "trace", "try", "save", "quantize", "drift", "describe"}
    assert result.seconds.keys() == phases
    assert not Contents.read(servable).differences()


def test_the_manifest_describes_what_is_there(exported: tuple[Path, ExportResult]) -> None:
    servable, result = exported
    manifest = json.loads((servable / "manifest.json").read_text("utf-8"))
    assert manifest["schema_version"] == 1
    assert manifest["drift"] == {
        "photos": 0,
        "false_alarm_rate": 0,
        "reason": "There is no drift reference, because export was given no validation photos.",
    }
    assert (manifest["run_id"], manifest["model_name"]) == ("run-1", "fruit")
    assert manifest["labels"] == LABELS
    assert (manifest["image_size"], manifest["backbone"]) == (SIZE, "tiny")
    assert manifest["metrics"]["accuracy_interval"] == {"low": 0.7, "high": 0.95}
    assert "confusion_matrix" not in manifest["metrics"]
    assert manifest["versions"].keys() >= {"python", "tensorflow", "keras", "openvino"}
    for name, entry in manifest["files"].items():
        content = (servable / name).read_bytes()
        assert entry == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    assert result.bytes == sum(entry["bytes"] for entry in manifest["files"].values())


def test_the_signature_is_the_manifests(
    exported: tuple[Path, ExportResult], signature: Any
) -> None:
    told = json.loads((exported[0] / "manifest.json").read_text())["signature"]["saved_model"]
    (specification,) = signature.structured_input_signature[1].values()
    assert list(signature.structured_input_signature[1]) == list(told["inputs"]) == ["image_bytes"]
    assert specification.shape.as_list() == told["inputs"]["image_bytes"]["shape"] == [None]
    for name, output in signature.structured_outputs.items():
        assert output.dtype.name == told["outputs"][name]["dtype"]
        assert output.shape.rank == len(told["outputs"][name]["shape"])
    assert signature.structured_outputs.keys() == told["outputs"].keys()


@pytest.mark.parametrize("count", [0, 1, 2, 8])
def test_the_saved_model_answers_as_openvino_does(
    count: int, steps: Any, exported: tuple[Path, ExportResult], signature: Any
) -> None:
    paths = [steps.evaluation / "samples" / f"sample-{place}" for place in range(count)]
    photos = [path.read_bytes() for path in paths]
    answers = signature(image_bytes=tf.constant(photos, tf.string))
    assert answers["probabilities"].shape == (count, len(LABELS))
    assert answers["labels"].numpy().tolist() == [[label.encode() for label in LABELS]] * count
    if photos:
        pixels = np.stack([decode(photo, SIZE, 10**9) for photo in photos])
        expected = InferenceModel.load(exported[0]).predict(pixels)
        np.testing.assert_allclose(answers["probabilities"].numpy(), expected, atol=1e-3)
        best = [LABELS[place].encode() for place in expected.argmax(1)]
        assert answers["label"].numpy().tolist() == best


def test_a_broken_photo_is_the_clients_mistake(signature: Any) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError):
        signature(image_bytes=tf.constant([b"no photo"]))


def test_only_operations_that_old_servers_know_are_saved(
    exported: tuple[Path, ExportResult],
) -> None:
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel.FromString((exported[0] / "saved_model.pb").read_bytes())
    graph = saved.meta_graphs[0].graph_def
    nodes = [*graph.node, *(node for part in graph.library.function for node in part.node_def)]
    used = {node.op for node in nodes}
    assert used >= {"DecodeJpeg", "DecodePng", "Assert", "ScaleAndTranslate"}
    # What came after TensorFlow 2.3, or calls back into Python.
    assert not used & {"DecodeWebP", "PyFunc", "EagerPyFunc", "XlaCallModule"}
    assert "VarHandleOp" not in used


def test_the_warmup_requests_replay(exported: tuple[Path, ExportResult], signature: Any) -> None:
    # Here, after our own import of TensorFlow, which is the quick one.
    from tensorflow_serving.apis import prediction_log_pb2

    path = exported[0] / "assets.extra" / "tf_serving_warmup_requests"
    records = [record.numpy() for record in tf.data.TFRecordDataset(str(path))]
    batches = []
    for record in records:
        log = prediction_log_pb2.PredictionLog.FromString(record)
        request = log.predict_log.request
        assert request.model_spec.name == "fruit"
        assert request.model_spec.signature_name == "serving_default"
        photos = tf.make_ndarray(request.inputs["image_bytes"])
        # Formats that TensorFlow may not read were made PNG.
        assert all(photo.startswith((b"\xff\xd8\xff", b"\x89PNG")) for photo in photos)
        answers = signature(image_bytes=tf.constant(photos))
        assert answers["probabilities"].shape == (len(photos), len(LABELS))
        batches.append(len(photos))
    assert batches == [1, 8]


def test_the_card_says_what_it_must(exported: tuple[Path, ExportResult]) -> None:
    card = (exported[0] / "card.md").read_text("utf-8")
    for part in (
        "# fruit",
        "30 train, 6 val, 9 test",
        "Accuracy: 87.6% (90% interval 70.0% to 95.0%)",
        "| früit | 3 | none | 50.0% | 0.250 |",
        r"apple \| red",
        r"\<b\>pear\</b\>",
        "Accepted. Better than version 1",
        "- Few test photos of früit",
        "Intended use and limits",
        "Run: run-1",
        "Epochs: 2, the best was 1",
        "Licence: Apache-2.0",
        "There is no drift reference, because export was given no validation photos.",
    ):
        assert part in card


def test_what_is_exported_can_be_published(
    exported: tuple[Path, ExportResult], tmp_path: Path
) -> None:
    published = publish_version(exported[0], PublishConfig(str(tmp_path), "fruit", "run-1"))
    assert not Contents.read(Path(published.uri.removeprefix("file://"))).differences()


def test_what_a_killed_export_left_is_replaced(steps: Any, tmp_path: Path) -> None:
    servable = tmp_path / "servable"
    (servable / "variables").mkdir(parents=True)
    for name in ("variables/variables.index.tempstate1", "saved_model.pb", "manifest.json"):
        (servable / name).write_text("half")
    export_model(steps.model, steps.evaluation, servable, CONFIG)
    assert not Contents.read(servable).differences()


def test_files_of_others_are_not_touched(steps: Any, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("ten years of work")
    with pytest.raises(PermanentError, match=r"thesis\.tex; name an empty directory"):
        export_model(steps.model, steps.evaluation, tmp_path, CONFIG)
    assert (tmp_path / "thesis.tex").exists()


def _edit(path: Path, change: Callable[[Any], None]) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def _other_answers(steps: Any) -> None:
    def change(samples: Any) -> None:
        for sample in samples:
            sample["probabilities"] = sample["probabilities"][1:] + sample["probabilities"][:1]

    _edit(steps.evaluation / "samples" / "samples.json", change)


def _nan_answers(steps: Any) -> None:
    def change(samples: Any) -> None:
        for sample in samples:
            sample["probabilities"][0] = float("nan")

    _edit(steps.evaluation / "samples" / "samples.json", change)


def _few_answers(steps: Any) -> None:
    _edit(
        steps.evaluation / "samples" / "samples.json",
        lambda samples: samples[0]["probabilities"].pop(),
    )


def _other_model(steps: Any) -> None:
    with (steps.model / "model.bin").open("ab") as file:
        file.write(b"\0")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_other_answers, r"at most 0\.02, received a difference of 0\.\d"),
        (_nan_answers, "received a difference of nan"),
        (_few_answers, "received 2 probabilities for 3 labels"),
        (_other_model, r"an evaluation of this model, model\.xml and model\.bin"),
        (lambda s: (s.model / "labels.json").write_text('["a"]'), "this model, classes"),
        (lambda s: (s.model / "model.keras").write_bytes(b"PK"), "a Keras model in"),
        (lambda s: (s.model / "training.json").unlink(), r"a readable training\.json"),
        (lambda s: (s.evaluation / "evaluation.json").write_text("{"), "JSON in"),
        (lambda s: (s.evaluation / "samples" / "samples.json").write_text("[]"), "test photos in"),
        (
            lambda s: (s.evaluation / "samples" / "sample-0").unlink(),
            "received No such file or directory: sample-0",
        ),
    ],
)
def test_inputs_that_do_not_fit_are_refused(
    spoil: Callable[[Any], None], message: str, changed: Any, tmp_path: Path
) -> None:
    spoil(changed)
    with pytest.raises(PermanentError, match=message):
        export_model(changed.model, changed.evaluation, tmp_path / "servable", CONFIG)
    assert not (tmp_path / "servable" / "manifest.json").exists()


@pytest.mark.parametrize("tolerance", [-0.1, 1.1, float("nan")])
def test_a_tolerance_is_a_share(tolerance: float) -> None:
    with pytest.raises(PermanentError, match="tolerance to be a number from 0 to 1"):
        ExportConfig("run", "fruit", tolerance)


def test_a_model_of_photos_without_jpeg_or_png_is_exported(changed: Any, tmp_path: Path) -> None:
    samples = changed.evaluation / "samples"
    photo = io.BytesIO()
    Image.open(samples / "sample-0").save(photo, "WEBP", lossless=True)
    (samples / "sample-0").write_bytes(photo.getvalue())
    answer = InferenceModel.load(changed.model).predict(
        decode(photo.getvalue(), SIZE, 10**9)[np.newaxis]
    )[0]
    entry = {"file": "sample-0", "uri": "x", "label": "x", "probabilities": answer.tolist()}
    (samples / "samples.json").write_text(json.dumps([entry]))
    result = export_model(changed.model, changed.evaluation, tmp_path / "servable", CONFIG)
    assert result.difference < 0.001


@pytest.mark.slow
def test_the_same_model_is_the_same_bytes_in_every_process(steps: Any, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path;"
        "from viewfinder_components.export.config import ExportConfig;"
        "from viewfinder_components.export.export import export_model;"
        "export_model(*map(Path, sys.argv[1:]), ExportConfig('run', 'fruit'))"
    )
    servables = [tmp_path / "one", tmp_path / "two"]
    processes = [
        subprocess.Popen([sys.executable, "-c", code, steps.model, steps.evaluation, servable])
        for servable in servables
    ]
    assert [process.wait() for process in processes] == [0, 0]
    one, two = (json.loads((servable / "manifest.json").read_text()) for servable in servables)
    assert {**one, "created": None} == {**two, "created": None}


def test_some_test_photos_are_kept_without_where_they_came_from(
    steps: Any, exported: tuple[Path, ExportResult]
) -> None:
    folder = exported[0] / "samples"
    entries = json.loads((folder / "samples.json").read_text("utf-8"))
    assert len(entries) == CONFIG.keep_test_photos == 8
    given = json.loads((steps.evaluation / "samples" / "samples.json").read_text())
    answers = {
        (steps.evaluation / "samples" / entry["file"]).read_bytes(): entry["probabilities"]
        for entry in given
    }
    for entry in entries:
        np.testing.assert_allclose(
            entry["probabilities"], answers[(folder / entry["file"]).read_bytes()], atol=1e-6
        )
        assert entry["uri"] == f"samples/{entry['file']}"


def test_no_photo_is_in_a_version_that_shall_keep_none(steps: Any, tmp_path: Path) -> None:
    config = replace(CONFIG, keep_test_photos=0)
    export_model(steps.model, steps.evaluation, tmp_path / "servable", config)
    assert not (tmp_path / "servable" / "samples").exists()
    files = [path.read_bytes() for path in (tmp_path / "servable").rglob("*") if path.is_file()]
    for photo in (steps.evaluation / "samples").glob("sample-*"):
        assert not any(photo.read_bytes() in content for content in files), photo


def test_kept_photos_are_of_as_many_classes_as_can_be() -> None:
    row = np.array([1.0], np.float32)
    samples = [
        Sample("", b"x" * size, label, row) for size, label in ((9, "a"), (1, "a"), (5, "b"))
    ]
    kept = choose_kept(samples, 2)
    assert [(len(sample.content), sample.label) for sample in kept] == [(1, "a"), (5, "b")]
    assert choose_kept(samples, 0) == []
    assert len(choose_kept(samples, 10)) == 3
