"""Planted errors in real photos, through the steps from validate to evaluate."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from tests.fixtures.photos import fruit_of, imagenet_files

from viewfinder_components.evaluation.config import EvaluationConfig
from viewfinder_components.evaluation.evaluate import evaluate_model
from viewfinder_components.preprocessing.config import PreprocessConfig
from viewfinder_components.preprocessing.write import write_shards
from viewfinder_components.training.train import TrainConfig, train_model
from viewfinder_components.validation.validate import ValidationConfig, validate_photos

FLIPPED = 4  # of 50 apples, and as many melons
Row = dict[str, str]


def write_photos(root: Path) -> None:
    """Write apples and melons: some in the wrong folder, a copy there too, and other things."""
    apples, melons = fruit_of("Apple", "Melon", count=50).values()
    for label, other, photos in (("Apple", "Melon", apples), ("Melon", "Apple", melons)):
        (root / label).mkdir(parents=True, exist_ok=True)
        (root / other).mkdir(parents=True, exist_ok=True)
        for number, photo in enumerate(photos):
            if number < FLIPPED:
                (root / other / f"flipped {label} {number}.jpg").write_bytes(photo)
            else:
                (root / label / f"{number}.jpg").write_bytes(photo)
    with Image.open(io.BytesIO(apples[10])) as photo:
        photo.resize((200, 200)).save(root / "Melon" / "copy of apple 10.jpg")
    for number, path in enumerate(imagenet_files()[5:8]):
        (root / "Apple" / f"stranger {number}.jpg").write_bytes(path.read_bytes())


@dataclass(frozen=True)
class Chain:
    """The outputs of the steps before evaluate."""

    root: Path

    def evaluate(self, out: Path, **settings: object) -> tuple[list[Row], str]:
        """Return the table of label issues and the report."""
        config = EvaluationConfig(str(out / "models"), "fruit", "run-1", **settings)
        report = out / "report.html"
        evaluate_model(
            self.root / "model", self.root / "index", self.root / "shards", out, report, config
        )
        return read_table(out), report.read_text("utf-8")


def read_table(evaluation: Path) -> list[Row]:
    with (evaluation / "label_issues.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    root = tmp_path_factory.mktemp("chain")
    write_photos(root / "photos")
    index, pixels, shards = root / "index", root / "pixels", root / "shards"
    config = ValidationConfig(image_size=128)
    validate_photos(str(root / "photos"), index, pixels, root / "validation.html", config)
    write_shards(index, pixels, shards, PreprocessConfig())
    train_model(shards, root / "model", root / "checkpoints", TrainConfig(epochs=3))
    return Chain(root)


@pytest.fixture(scope="module")
def found(chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Row], str]:
    return chain.evaluate(tmp_path_factory.mktemp("evaluated"))


def names(rows: list[Row], of_kind: Callable[[str], bool]) -> list[str]:
    return [Path(row["uri"]).name for row in rows if of_kind(row["kind"])]


def test_every_planted_error_is_found(found: tuple[list[Row], str]) -> None:
    rows, _ = found
    suspects = names(rows, lambda kind: kind in ("label error", "doubtful"))
    suspects.sort(key=lambda name: -float(next(r["score"] for r in rows if name in r["uri"])))
    planted = [name for name in suspects if name.startswith("flipped")]
    assert len(planted) == 2 * FLIPPED
    assert all(name.startswith("flipped") for name in suspects[: FLIPPED + 2])
    assert suspects.index(planted[-1]) < 2 * len(planted)
    for row in rows:
        if "flipped" in row["uri"]:
            assert row["suggestion"] == Path(row["uri"]).name.split()[1]
            assert row["label"] != row["suggestion"]


def test_a_copy_in_another_class_is_found_with_its_original(found: tuple[list[Row], str]) -> None:
    rows, _ = found
    pair = {Path(row["uri"]).name: row for row in rows if row["kind"] == "near duplicate"}
    assert set(pair) == {"10.jpg", "copy of apple 10.jpg"}
    copy = pair["copy of apple 10.jpg"]
    assert copy["similar"] == pair["10.jpg"]["uri"]
    assert (copy["label"], copy["suggestion"]) == ("Melon", "Apple")
    assert pair["10.jpg"]["suggestion"] == ""


def test_photos_of_other_things_are_outliers(found: tuple[list[Row], str]) -> None:
    rows, _ = found
    strangers = [row for row in rows if "stranger" in row["uri"]]
    assert len(strangers) == 3
    assert {row["kind"] for row in strangers} <= {"outlier", "doubtful", "label error"}
    assert "outlier" in {row["kind"] for row in strangers}


def test_the_report_shows_them(found: tuple[list[Row], str]) -> None:
    rows, report = found
    assert "Labels worth a second look" in report
    for row in rows:
        assert Path(row["uri"]).name in report
    assert "memorized wrong labels" not in report


def test_features_that_train_did_not_leave_are_computed(
    chain: Chain, found: tuple[list[Row], str], tmp_path: Path
) -> None:
    features = chain.root / "model" / "features.npz"
    content = features.read_bytes()
    features.write_bytes(content[: len(content) // 2])
    computed, _ = chain.evaluate(tmp_path)
    features.write_bytes(content)
    scores = {row["uri"]: float(row["score"]) for row in computed}
    planted = [row for row in found[0] if "flipped" in row["uri"] or "copy of" in row["uri"]]
    assert len(planted) > 2 * FLIPPED
    for row in planted:  # the order of others depends on the last bits of the features
        assert scores[row["uri"]] == pytest.approx(float(row["score"]), abs=0.01)


def test_turned_off(chain: Chain, tmp_path: Path) -> None:
    config = EvaluationConfig("models", "fruit", "run-1", find_label_issues=False)
    report, root = tmp_path / "report.html", chain.root
    evaluate_model(root / "model", root / "index", root / "shards", tmp_path, report, config)
    assert not (tmp_path / "label_issues.csv").exists()
    assert "Labels worth a second look" not in report.read_text()
