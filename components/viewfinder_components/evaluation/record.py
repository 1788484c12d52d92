"""Write what was measured and decided, for later steps and for the page."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from viewfinder_components.evaluation.champion import Champion
from viewfinder_components.evaluation.metrics import Metrics
from viewfinder_components.evaluation.scoring import Predictions
from viewfinder_components.formats.shards import Split
from viewfinder_components.paired_difference import PairedDifference


def metrics_record(metrics: Metrics) -> dict[str, Any]:
    """Return the metrics as JSON-ready values, without the curves, which only the page draws."""
    values = asdict(metrics)
    del values["roc_micro"], values["roc_classes"]
    return values


def champion_record(
    champion: Champion | None, difference: PairedDifference | None
) -> dict[str, Any] | None:
    """Return the champion and the comparison as JSON-ready values; None if there is no champion."""
    if champion is None:
        return None
    accuracy = None
    if champion.correct is not None and champion.scored is not None:
        accuracy = float(champion.correct[champion.scored].mean())
    return {
        "number": champion.number,
        "uri": champion.uri,
        "problem": champion.problem,
        "accuracy": accuracy,
        "notes": list(champion.notes),
        "comparison": asdict(difference) if difference else None,
    }


def write_predictions(path: Path, split: Split, predictions: Predictions) -> None:
    """Write one row per test photo, in the order of the split."""
    labels = pa.array(predictions.labels, pa.string())
    classes = predictions.probabilities.shape[1]
    flat = pa.array(predictions.probabilities.ravel(), pa.float32())
    offsets = pa.array(range(0, len(flat) + 1, classes), pa.int32())
    table = pa.table(
        {
            "uri": split.photos["uri"],
            "label": labels.take(pa.array(predictions.truth)),
            "predicted": labels.take(pa.array(predictions.predicted)),
            "confidence": pa.array(predictions.confidence, pa.float32()),
            "probabilities": pa.ListArray.from_arrays(offsets, flat),
            "correct": pa.array(predictions.correct),
        }
    )
    pq.write_table(table, path)
