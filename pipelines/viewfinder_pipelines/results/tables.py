"""What a run's steps wrote about photos and epochs, as Arrow tables."""

import io
from contextlib import AbstractContextManager
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.evaluation import (
    EVALUATION,
    PAGE,
    PREDICTIONS,
    check_evaluation,
)
from viewfinder_components.formats.label_issues import COLUMNS, LABEL_ISSUES, read_cell
from viewfinder_components.formats.photo_index import INDEX
from viewfinder_components.formats.training import TRAINING
from viewfinder_pipelines.results.artifacts import (
    Read,
    find_file,
    read_json,
    read_table,
    understanding,
)
from viewfinder_pipelines.runs.record import RunResult


def read_photos(result: RunResult, read: Read, place: str | None = None) -> pa.Table:
    """Read what validate wrote about every file that it met.

    Args:
        result: The run's record.
        read: Reads a file.
        place: The file, where it is known; None for the run's artifact.

    Raises:
        PermanentError: The step validate has left none.
    """
    return read_table(read, place or find_file(result, "validate", "index", INDEX))


def read_digests(result: RunResult, read: Read) -> dict[str, str]:
    """Read the SHA-256 of each photo by its URI; none where validate has left no list of them.

    Args:
        result: The run's record.
        read: Reads a file.
    """
    try:
        table = read_photos(result, read)
    except PermanentError:
        return {}
    if not {"uri", "sha256"} <= set(table.column_names):
        return {}
    return dict(zip(table["uri"].to_pylist(), table["sha256"].to_pylist(), strict=True))


def read_predictions(result: RunResult, read: Read, step: str = "evaluate") -> pa.Table:
    """Read what the model said about each test photo, with a column for each class.

    Args:
        result: The run's record.
        read: Reads a file.
        step: The step whose result it is.

    Raises:
        PermanentError: The step evaluate has not finished.
    """
    labels = read_metrics(result, read, step)["labels"]
    place = find_file(result, step, "evaluation", PREDICTIONS)
    table = read_table(read, place)
    with understanding(f"{len(labels)} probabilities for each photo", place):
        return _spread(table, labels)


def _spread(table: pa.Table, labels: list[str]) -> pa.Table:
    """Return the table with a column for each class's probability instead of one of lists."""
    lists = table["probabilities"].combine_chunks()
    counts = set(lists.value_lengths().to_pylist()) - {len(labels)}
    if counts:
        raise ValueError(f"{min(counts)} probabilities")
    kept = table.select(["uri", "label", "predicted", "confidence", "correct"])
    probabilities = lists.flatten().to_numpy().reshape(len(table), len(labels))
    for number, label in enumerate(labels):
        kept = kept.append_column(f"probability of {label}", pa.array(probabilities[:, number]))
    return kept


def find_mistakes(predictions: pa.Table, count: int) -> list[dict[str, Any]]:
    """Return the rows of the most confident mistakes, the most confident first.

    Args:
        predictions: As from `read_predictions`.
        count: The most rows.
    """
    wrong = predictions.filter(pc.invert(predictions["correct"]))
    order = wrong.sort_by([("confidence", "descending")]).slice(0, min(count, len(wrong)))
    rows: list[dict[str, Any]] = order.select(
        ["uri", "label", "predicted", "confidence"]
    ).to_pylist()
    return rows


def read_history(result: RunResult, read: Read, step: str = "train") -> pa.Table:
    """Read the epochs of training, the one that was kept marked.

    Args:
        result: The run's record.
        read: Reads a file.
        step: The step whose result it is.

    Raises:
        PermanentError: The step train has not finished.
    """
    place = find_file(result, step, "model", TRAINING)
    training = read_json(read, place)
    with understanding("a list of epochs", place):
        rows = [
            {**epoch, "epoch": int(epoch["epoch"]), "kept": number == training["best_epoch"]}
            for number, epoch in enumerate(training["history"], 1)
        ]
        if not rows:
            raise ValueError("none")
        return pa.Table.from_pylist(rows)


def read_label_issues(result: RunResult, read: Read, step: str = "evaluate") -> pa.Table:
    """Read which labels deserve a second look.

    Args:
        result: The run's record.
        read: Reads a file.
        step: The step whose result it is.

    Raises:
        PermanentError: The step evaluate has not finished, or did not search.
    """
    place = find_file(result, step, "evaluation", LABEL_ISSUES)
    types = {name: pa.float64() if name == "score" else pa.string() for name in COLUMNS}
    content = io.BytesIO(read(place))
    with understanding("a table of label issues", place):
        table = arrow_csv.read_csv(
            content,
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types=types, include_columns=list(COLUMNS)
            ),
        )
    return _read_cells(table)


def _read_cells(table: pa.Table) -> pa.Table:
    """Return the table with its texts as they were before they were written as cells."""
    for number, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            texts = map(read_cell, table[number].to_pylist())
            table = table.set_column(number, field, pa.array(texts, pa.string()))
    return table


def read_metrics(result: RunResult, read: Read, step: str = "evaluate") -> dict[str, Any]:
    """Read the evaluation's metrics: overall, by class, the confusion matrix, the calibration.

    Args:
        result: The run's record.
        read: Reads a file.
        step: The step whose result it is.

    Raises:
        PermanentError: The step evaluate has not finished.
    """
    place = find_file(result, step, "evaluation", EVALUATION)
    values = check_evaluation(read_json(read, place), place)
    with understanding("an evaluation's metrics", place):
        return {"labels": values["labels"], **values["metrics"]}


def understanding_metrics(
    result: RunResult, step: str = "evaluate"
) -> AbstractContextManager[None]:
    """Explain what goes wrong with the evaluation's metrics while the block draws them.

    Args:
        result: The run's record.
        step: The step's name in the run.

    Raises:
        PermanentError: They are not as `evaluate` writes them.
    """
    place = find_file(result, step, "evaluation", EVALUATION)
    return understanding("an evaluation's metrics", place)


def read_curves(
    result: RunResult, read: Read, step: str = "evaluate"
) -> tuple[list[dict[str, Any] | None], Any]:
    """Read the ROC curves: one for each class, None where it cannot be drawn, and the overall one.

    Args:
        result: The run's record.
        read: Reads a file.
        step: The step whose result it is.

    Raises:
        PermanentError: The step evaluate has not finished.
    """
    place = find_file(result, step, "evaluation", PAGE)
    page = read_json(read, place)
    with understanding("ROC curves", place):
        return page["roc_classes"], page["roc_micro"]
