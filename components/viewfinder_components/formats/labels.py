"""The model's classes, in the order of its outputs: `labels.json`."""

from collections.abc import Sequence
from pathlib import Path

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.json_files import read_json
from viewfinder_components.whole_files import write_json

LABELS = "labels.json"


def write_labels(folder: Path, labels: Sequence[str]) -> None:
    """Write the classes next to the model."""
    write_json(folder / LABELS, list(labels))


def read_labels(folder: Path, remedy: str) -> tuple[str, ...]:
    """Read the classes next to a model.

    Args:
        folder: The model's.
        remedy: What to do if they cannot be read.

    Raises:
        PermanentError: They are missing, or not a list of different names.
    """
    path = folder / LABELS
    labels = read_json(path, remedy)
    if (
        not isinstance(labels, list)
        or not labels
        or not all(isinstance(label, str) and _is_name(label) for label in labels)
        or len(set(labels)) != len(labels)
    ):
        raise PermanentError(f"a list of different names in {path}", ascii(labels)[:200], remedy)
    return tuple(labels)


def _is_name(label: str) -> bool:
    """Whether a label can be sent: half of a surrogate pair is valid JSON but not valid UTF-8."""
    return bool(label) and not any("\ud800" <= letter <= "\udfff" for letter in label)
