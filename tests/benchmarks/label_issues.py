"""How many wrong labels are found: 5% are flipped, in the demo's photos and those of PHOTOS.

PHOTOS is a folder of photos, as for the benchmark `accuracy`.
"""

import os
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score

import viewfinder
from viewfinder.cli.demo import DATA
from viewfinder_components.evaluation.inputs import EvaluationInputs
from viewfinder_components.evaluation.label_issues.find import find_label_issues
from viewfinder_components.evaluation.label_issues.photo_set import PhotoSet
from viewfinder_components.evaluation.scoring import BATCH, predict_photos
from viewfinder_components.formats.label_issues import LabelIssue
from viewfinder_components.shared_parameters import DEFAULT_NEAR_DUPLICATE_DISTANCE

SEEDS = (0, 1, 2, 3, 4)
FLIPPED = 0.05


def run() -> None:
    """Print what is found in each data set, and the mean over the seeds."""
    for data in (DATA, *filter(None, [os.environ.get("PHOTOS")])):
        name = Path(data).name
        with tempfile.TemporaryDirectory() as home:
            photos, classes = prepare(data, Path(home))
        rows = [measure(photos, classes, seed) for seed in SEEDS]
        for seed, row in zip(SEEDS, rows, strict=True):
            print(f"{name:<34} seed {seed}: {describe(row)}")
        print(f"{name:<34} mean  : {describe(np.mean(rows, axis=0))}", flush=True)


def prepare(data: str, home: Path) -> tuple[PhotoSet, tuple[str, ...]]:
    """Run the pipeline once: frozen features do not depend on labels."""
    result = viewfinder.run(data, home=home, listener=lambda *_: None)
    places = {
        artifact: Path(step.artifacts[artifact].uri)
        for step in result.steps
        for artifact in ("model", "index", "shards")
        if artifact in step.artifacts
    }
    inputs = EvaluationInputs.open(places["model"], places["index"], places["shards"])
    batches = (pixels for pixels, _ in inputs.split.batches(BATCH))
    test = predict_photos(inputs.model, batches, len(inputs.split), "test", features=True).features
    photos = PhotoSet.collect(inputs, places["model"], places["index"], test)
    return photos, inputs.shards.labels


def measure(photos: PhotoSet, classes: tuple[str, ...], seed: int) -> list[float]:
    """Flip labels; return precision and recall of both lists, and the average precision.

    The first list is what the report calls probable, the second also has the doubtful labels.
    """
    rng = np.random.default_rng(seed)
    flipped = rng.choice(len(photos), round(FLIPPED * len(photos)), replace=False)
    labels = photos.labels.copy()
    labels[flipped] += rng.integers(1, len(classes), len(flipped), dtype=np.int32)
    found = find_label_issues(
        replace(photos, labels=labels % len(classes)), classes, DEFAULT_NEAR_DUPLICATE_DISTANCE
    )
    wrong = np.isin(np.arange(len(photos)), flipped)
    suspicion, numbers = np.zeros(len(photos)), []
    for kinds in (("label error",), ("label error", "doubtful", "outlier")):
        listed = [
            place
            for place, issue in zip(found.places, found.issues, strict=True)
            if issue.suggestion and issue.kind in ("near duplicate", *kinds)
        ]
        numbers += [wrong[listed].mean(), wrong[listed].sum() / len(flipped)]
    for place, issue in zip(found.places, found.issues, strict=True):
        suspicion[place] = _suspicion(issue)
    return [*numbers, average_precision_score(wrong, suspicion)]


def _suspicion(issue: LabelIssue) -> float:
    """Return the score; outliers have another scale, and count as doubtful where they are."""
    if issue.kind == "outlier":
        return 0.5 if issue.suggestion else 0.0
    return issue.score


def describe(row: Iterable[float]) -> str:
    """Return the numbers of `measure` as text."""
    probable, recall, both, more, average = row
    return (
        f"probable: precision {probable:.2f}, recall {recall:.2f}; with doubtful ones: "
        f"precision {both:.2f}, recall {more:.2f}; average precision {average:.3f}"
    )
