"""What validate found: `index.parquet`, a row for every file, and `summary.json`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.json_files import check_version, read_object
from viewfinder_components.whole_files import write_json

INDEX = "index.parquet"
SUMMARY = "summary.json"
"""Written last: a folder without it was left by a run that did not finish."""
USED = "used"
"""The status of a photo that is used; all others have a reason."""
SCHEMA_VERSION = 1
"""The schema version of both files."""
_REMEDY = "run validate again, and pass its whole directory"
_NEEDED = {"image_size": int, "labels": list, "data_digest": str}


def write_summary(folder: Path, values: Mapping[str, Any]) -> None:
    """Write the summary, with the version of its schema.

    Args:
        folder: The index's.
        values: At least `image_size` (pixels), `labels` (the classes, sorted) and `data_digest`.
    """
    write_json(folder / SUMMARY, {"schema_version": SCHEMA_VERSION, **values})


def read_summary(folder: Path) -> dict[str, Any]:
    """Read the summary.

    Args:
        folder: The index's.

    Raises:
        PermanentError: It is missing, damaged, or has another schema version.
    """
    path = folder / SUMMARY
    values = read_object(path, "a summary of photos", _REMEDY)
    check_version(values, SCHEMA_VERSION, path, "validate")
    for name, kind in _NEEDED.items():
        if not isinstance(values.get(name), kind):
            received = f"{values.get(name)!r:.80}"
            raise PermanentError(f"{name} ({kind.__name__}) in {path}", received, _REMEDY)
    return values
