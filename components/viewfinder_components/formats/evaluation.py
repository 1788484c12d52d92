"""What evaluate measured and decided: `evaluation.json`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.json_files import check_version, read_json
from viewfinder_components.whole_files import write_json

EVALUATION = "evaluation.json"
PREDICTIONS = "predictions.parquet"
"""A row for each test photo, beside the file."""
PAGE = "page.json"
"""What the report shows besides, beside the file: curves, thumbnails, the earlier steps."""
SCHEMA_VERSION = 1
"""The schema version; also that of `samples/`, which is in the same folder."""
_REMEDY = "run evaluate again, and pass its whole directory"


def write_evaluation(folder: Path, values: Mapping[str, Any]) -> None:
    """Write the record, with the version of its schema.

    Args:
        folder: The evaluation's.
        values: At least `labels`, the classes in the order of the model's outputs.
    """
    write_json(folder / EVALUATION, {"schema_version": SCHEMA_VERSION, **values})


def read_evaluation(folder: Path) -> dict[str, Any]:
    """Read the record.

    Args:
        folder: The evaluation's.

    Raises:
        PermanentError: It is missing, damaged, or has another schema version.
    """
    path = folder / EVALUATION
    return check_evaluation(read_json(path, _REMEDY), str(path))


def check_evaluation(values: object, place: str) -> dict[str, Any]:
    """Return the record if it is one.

    Args:
        values: What was read.
        place: Where it was read.

    Raises:
        PermanentError: It is something else, or of another version of the schema.
    """
    if not isinstance(values, dict) or not isinstance(values.get("labels"), list):
        raise PermanentError(f"an evaluation in {place}", repr(values)[:80], _REMEDY)
    check_version(values, SCHEMA_VERSION, place, "evaluate")
    return values
