import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from viewfinder_components.errors import PermanentError
from viewfinder_components.evaluation.config import EvaluationConfig
from viewfinder_components.evaluation.evaluate import evaluate_model
from viewfinder_components.evaluation.result import EvaluationResult
from viewfinder_components.formats.shards import Shards
from viewfinder_components.inference import InferenceModel
from viewfinder_components.photos.decode import decode

LABELS = ["apple", "banana", "cherry"]


def evaluate(world, **settings) -> EvaluationResult:
    config = EvaluationConfig(str(world.published), "classifier", "run-7", **settings)
    return evaluate_model(
        world.model, world.index, world.shards, world.evaluation, world.report, config
    )


def read_strictly(path: Path):
    def refuse(constant: str):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(path.read_text("utf-8"), parse_constant=refuse)


@pytest.fixture
def ready(world):
    """Test photos, some of which the model has wrong."""
    world.add_photos(LABELS, [14, 12, 10], noise=70)
    world.add_model(LABELS)
    return world


def test_result_in_the_forms_of_kfp(ready) -> None:
    result = evaluate(ready)
    labels, matrix = result.confusion_matrix
    fpr, tpr, thresholds = result.roc_curve
    assert labels == LABELS
    assert [sum(row) for row in matrix] == [14, 12, 10]
    assert len(fpr) == len(tpr) == len(thresholds) <= 100
    assert all(np.isfinite(value) for value in result.scalars.values())
    right = sum(matrix[place][place] for place in range(3))
    assert 0 < right < 36
    assert result.scalars["accuracy"] == right / 36
    assert result.accepted is True
    assert result.summary == result.decision
    json.dumps([result.scalars, result.confusion_matrix, result.roc_curve], allow_nan=False)
    phases = {"load", "model", "metrics", "comparison", "samples", "labels", "report"}
    assert set(result.seconds) == phases


def test_record(ready) -> None:
    result = evaluate(ready)
    record = read_strictly(ready.evaluation / "evaluation.json")
    assert record["accepted"] is True
    assert record["decision"] == result.decision
    assert record["labels"] == LABELS
    assert record["metrics"]["accuracy"] == result.scalars["accuracy"]
    assert record["champion"] is None
    assert record["model"]["backbone"] == "colour"
    assert len(record["model"]["sha256"]) == 64
    assert record["versions"]["openvino"]
    read_strictly(ready.evaluation / "page.json")


def test_predictions_are_those_of_the_model_in_the_order_of_the_shards(ready) -> None:
    evaluate(ready)
    table = pq.read_table(ready.evaluation / "predictions.parquet")
    split = Shards.open(ready.shards).split("test")
    expected = InferenceModel.load(ready.model).predict(split.pixels())
    assert table.column_names == [
        "uri", "label", "predicted", "confidence", "probabilities", "correct",
    ]  # fmt: skip
    assert table["uri"].to_pylist() == split.photos["uri"].to_pylist()
    assert table["label"].to_pylist() == [LABELS[place] for place in split.labels]
    np.testing.assert_allclose(np.array(table["probabilities"].to_pylist()), expected, atol=1e-6)
    for row in table.to_pylist():
        assert row["predicted"] == LABELS[int(np.argmax(row["probabilities"]))]
        assert row["confidence"] == max(row["probabilities"])
        assert row["correct"] == (row["label"] == row["predicted"])


def test_samples_are_the_original_files_with_the_models_answers(ready) -> None:
    evaluate(ready, samples=9)
    folder = ready.evaluation / "samples"
    entries = read_strictly(folder / "samples.json")
    model = InferenceModel.load(ready.model)
    assert len(entries) == 9
    assert {entry["label"] for entry in entries} == set(LABELS)
    for entry in entries:
        content = (folder / entry["file"]).read_bytes()
        assert content == Path(entry["uri"]).read_bytes()
        outputs = model.predict(decode(content, 32, 10_000)[None])[0]
        np.testing.assert_allclose(outputs, entry["probabilities"], atol=1e-6)
    hits = [LABELS[int(np.argmax(e["probabilities"]))] == e["label"] for e in entries]
    assert set(hits) == {True, False}


def test_a_sample_whose_file_is_gone_is_kept_as_the_pixels_the_model_saw(ready) -> None:
    split = Shards.open(ready.shards).split("test")
    for uri in split.photos["uri"].to_pylist():
        Path(uri).unlink()
    evaluate(ready)
    entries = read_strictly(ready.evaluation / "samples" / "samples.json")
    assert len(entries) == 36
    with Image.open(ready.evaluation / "samples" / entries[5]["file"]) as picture:
        np.testing.assert_array_equal(np.asarray(picture), split.pixels(5, 6)[0])


def test_a_refused_model_is_a_result(ready) -> None:
    result = evaluate(ready, min_accuracy=1.0)
    assert result.accepted is False
    assert result.decision.startswith("Refused. Accuracy")
    assert read_strictly(ready.evaluation / "evaluation.json")["accepted"] is False


def test_beside_a_champion(ready) -> None:
    ready.publish(3, LABELS, size=16)
    result = evaluate(ready)
    champion = read_strictly(ready.evaluation / "evaluation.json")["champion"]
    assert champion["number"] == 3
    assert champion["problem"] is None
    assert champion["comparison"]["photos"] == 36
    assert "Not worse than published version 3: on the same photos" in result.decision


def test_beside_a_champion_that_knows_other_classes(ready) -> None:
    ready.publish(1, ["sand", "stone"])
    assert (
        "Not worse than published version 1, which does not know 3 classes of the data "
        f"({', '.join(LABELS)}): on the same photos its accuracy differs by"
    ) in evaluate(ready).summary


def test_a_worse_model_is_refused_for_the_champion(world) -> None:
    labels = [*LABELS, "damson"]
    world.add_photos(labels, [20] * 4, noise=5)
    world.publish(1, labels)
    world.add_model(labels, swap=True)
    result = evaluate(world)
    assert result.accepted is False
    assert result.decision == (
        "Refused. Worse than published version 1: on the same photos its accuracy differs by "
        "-50.0 points (interval -59.9 to -37.7)."
    )


def test_a_broken_champion_warns_and_does_not_decide(ready) -> None:
    (ready.publish(2, LABELS) / "model.xml").write_text("nonsense")
    result = evaluate(ready)
    assert result.accepted is True
    assert any("version 2 could not be scored" in warning for warning in result.warnings)
    record = read_strictly(ready.evaluation / "evaluation.json")
    assert record["champion"]["problem"]
    assert record["champion"]["comparison"] is None


def test_one_test_photo(world) -> None:
    world.add_photos(["a", "b"], [1, 0])
    world.add_model(["a", "b"])
    result = evaluate(world)
    assert result.accepted is False
    assert "Too few test photos to decide: of 1 test photo" in result.decision
    assert result.scalars["accuracy"] == 1.0
    assert any(warning.startswith("No test photos of b") for warning in result.warnings)
    assert any(warning.startswith("Few test photos of a (1)") for warning in result.warnings)


def test_no_test_photos(world) -> None:
    world.add_photos(["a", "b"], [0, 0])
    world.add_model(["a", "b"])
    with pytest.raises(PermanentError, match="expected photos in the test split, received none"):
        evaluate(world)


@pytest.mark.parametrize(
    ("scale", "complaint"), [(np.nan, "NaN or infinity"), (3.0, "sum to 1")], ids=["nan", "sum"]
)
def test_outputs_that_are_no_probabilities(ready, scale, complaint) -> None:
    ready.add_model(LABELS, scale=scale)
    with pytest.raises(PermanentError, match=complaint):
        evaluate(ready)


def test_a_model_of_other_classes(ready) -> None:
    (ready.model / "labels.json").write_text(json.dumps(["x", "y", "z"]))
    with pytest.raises(PermanentError, match="shards' classes"):
        evaluate(ready)


def test_a_model_for_another_photo_size(ready) -> None:
    ready.add_model(LABELS, size=16)
    with pytest.raises(PermanentError, match="photo size"):
        evaluate(ready)


@pytest.mark.parametrize("name", ["model.xml", "labels.json", "training.json"])
def test_a_missing_file_of_the_model(ready, name) -> None:
    (ready.model / name).unlink()
    with pytest.raises(PermanentError, match=name):
        evaluate(ready)


def test_a_model_trained_on_other_data_is_warned_about(ready) -> None:
    path = ready.model / "training.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "data_digest": "other"}))
    assert any("data other than" in warning for warning in evaluate(ready).warnings)


@pytest.mark.parametrize(
    "settings",
    [
        {"min_accuracy": 1.1},
        {"min_balanced_accuracy": -0.1},
        {"max_ece": float("nan")},
        {"confidence": 1.0},
        {"confidence": 0.0},
        {"samples": 0},
        {"max_megapixels": 0.0},
    ],
)
def test_settings_out_of_range(settings) -> None:
    with pytest.raises(PermanentError, match=next(iter(settings))):
        EvaluationConfig("models", "classifier", "run-7", **settings)
