"""What check found out: `verdict.json`."""

from pathlib import Path
from typing import Any

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.json_files import read_json

VERDICT = "verdict.json"
_REMEDY = "run the step that writes it"


def read_verdict(folder: Path) -> dict[str, Any]:
    """Read the record.

    Args:
        folder: The directory of the check step.

    Raises:
        PermanentError: It is missing or damaged.
    """
    path = folder / VERDICT
    values = read_json(path, _REMEDY)
    if not isinstance(values, dict):
        raise PermanentError(f"a verdict in {path}", repr(values)[:80], _REMEDY)
    return values
