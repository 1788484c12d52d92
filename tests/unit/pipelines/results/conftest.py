"""A run's record whose steps have left a few files, as the steps' own code writes them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from viewfinder_components.evaluation.metrics import measure
from viewfinder_components.evaluation.record import metrics_record, write_predictions
from viewfinder_components.evaluation.scoring import Predictions
from viewfinder_components.formats.evaluation import write_evaluation
from viewfinder_components.formats.pixels import PixelFiles
from viewfinder_components.formats.shards import Split
from viewfinder_components.whole_files import write_json
from viewfinder_pipelines.runs.record import LOCAL, ArtifactRecord, RunResult, StepResult

LABELS = ("ant", "$b$ee", "cat")
TRUTH = np.array([0, 0, 1, 1, 2, 2], np.int32)
PROBABILITIES = np.array(
    [
        [0.9, 0.1, 0.0],
        [0.2, 0.7, 0.1],
        [0.1, 0.8, 0.1],
        [0.0, 0.1, 0.9],
        [0.1, 0.1, 0.8],
        [0.3, 0.3, 0.4],
    ],
    np.float32,
)
HISTORY = [
    {"epoch": 1, "phase": "head", "loss": 1.5, "accuracy": 0.5},
    {"epoch": 2, "phase": "fine_tune", "loss": 1.0, "accuracy": 0.75},
]

Make = Callable[[str], RunResult]


def write_evaluated(folder: Path) -> None:
    """Write what evaluate writes about six photos of three classes, two of them mistaken."""
    photos = folder / "photos.parquet"
    uris = [f"/photos/{number}.jpg" for number in range(len(TRUTH))]
    pq.write_table(pa.table({"uri": uris}), photos)
    split = Split("test", PixelFiles((), 32), np.arange(len(TRUTH)), TRUTH, photos)
    predictions = Predictions(LABELS, TRUTH, PROBABILITIES)
    write_predictions(folder / "predictions.parquet", split, predictions)
    metrics = metrics_record(measure(predictions))
    write_evaluation(folder, {"labels": LABELS, "metrics": metrics})
    curve = {"auc": 0.9, "false_positive_rate": [0, 0.5, 1], "true_positive_rate": [0, 1, 1]}
    write_json(folder / "page.json", {"roc_classes": [curve, curve, None], "roc_micro": curve})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the steps' outputs lie."""
    for name in ("index", "model", "evaluation"):
        (tmp_path / name).mkdir()
    pq.write_table(pa.table({"uri": ["/photos/0.jpg"]}), tmp_path / "index" / "index.parquet")
    write_json(tmp_path / "model" / "training.json", {"history": HISTORY, "best_epoch": 2})
    write_evaluated(tmp_path / "evaluation")
    return tmp_path


@pytest.fixture
def make_result(folder: Path) -> Make:
    """Make a record whose artifacts lie at a place."""

    def make(root: str, where: str = LOCAL) -> RunResult:
        steps = tuple(
            StepResult(
                step,
                "succeeded",
                1.0,
                artifacts={artifact: ArtifactRecord(f"{root}/{artifact}", "system.Artifact", {})},
            )
            for step, artifact in (
                ("validate", "index"),
                ("train", "model"),
                ("evaluate", "evaluation"),
            )
        )
        return RunResult("r-1", where, "succeeded", "2026-01-01T00:00:00+00:00", 3.0, {}, steps)

    return make
