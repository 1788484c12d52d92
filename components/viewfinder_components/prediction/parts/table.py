"""The table of predictions: its columns, and what its metadata says."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from viewfinder_components.prediction.models.answers import Answer
from viewfinder_components.prediction.result import STATUSES

REPETITIVE = ["status", "reason", "label"]
"""The columns that dictionaries make smaller."""
_PREFIX = "viewfinder."


def schema_of(labels: Sequence[str]) -> pa.Schema:
    """Return the columns; the metadata has the names of the classes.

    Args:
        labels: The classes, in the order of the probabilities.
    """
    columns = [
        ("uri", pa.string()),
        ("status", pa.string()),
        ("reason", pa.string()),
        ("label", pa.string()),
        ("probability", pa.float32()),
        ("probabilities", pa.list_(pa.float32(), len(labels))),
    ]
    return pa.schema(columns, write_facts({"classes": list(labels)}))


def make_batch(answers: Sequence[Answer], labels: Sequence[str], schema: pa.Schema) -> pa.Table:
    """Return the rows of some answers; what was not classified has no label."""
    rows = [answer.row for answer in answers]
    best = [None if row is None else int(row.argmax()) for row in rows]
    columns = [
        pa.array([answer.uri for answer in answers], pa.string()),
        pa.array([answer.status for answer in answers], pa.string()),
        pa.array([answer.reason for answer in answers], pa.string()),
        pa.array([None if at is None else labels[at] for at in best], pa.string()),
        pa.array([None if row is None else float(row.max()) for row in rows], pa.float32()),
        _lists(rows, len(labels)),
    ]
    return pa.table(columns, schema=schema)


def count_statuses(statuses: Sequence[str]) -> dict[str, int]:
    """Return how many files have each status."""
    return {status: statuses.count(status) for status in STATUSES}


def write_facts(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return facts as the metadata of a schema: texts as they are, everything else as JSON."""
    return {
        _PREFIX + name: fact if isinstance(fact, str) else json.dumps(fact, ensure_ascii=False)
        for name, fact in facts.items()
    }


def read_fact(schema: pa.Schema, name: str) -> str:
    """Return a fact of a file's metadata; empty if the file has none of this name."""
    value = (schema.metadata or {}).get(f"{_PREFIX}{name}".encode(), b"")
    return str(value.decode("utf-8", "replace"))


def _lists(rows: Sequence[Any], width: int) -> pa.Array:
    missing = np.array([row is None for row in rows], np.bool_)
    values = np.zeros((len(rows), width), np.float32)
    if not missing.all():
        values[~missing] = np.stack([row for row in rows if row is not None])
    flat = pa.array(values.ravel(), pa.float32())
    return pa.FixedSizeListArray.from_arrays(flat, width, mask=pa.array(missing))
