"""How training went: `training.json`, beside the model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.json_files import read_object
from viewfinder_components.whole_files import write_json

TRAINING = "training.json"
_REMEDY = "run train again, and pass its whole directory"


def write_training(folder: Path, values: Mapping[str, Any]) -> None:
    """Write the record.

    Args:
        folder: The model's.
        values: At least `history`, one entry per epoch, and `best_epoch`.
    """
    write_json(folder / TRAINING, values)


def read_training(folder: Path) -> dict[str, Any]:
    """Read the record.

    Args:
        folder: The model's.

    Raises:
        PermanentError: It is missing or damaged.
    """
    return read_object(folder / TRAINING, "a record of training", _REMEDY)


def read_epochs(folder: Path) -> dict[str, Any]:
    """Read the record, which must have the epochs and say which of them was kept.

    Args:
        folder: The model's.

    Raises:
        PermanentError: It is missing or damaged, or has no epochs.
    """
    values = read_training(folder)
    history, best = values.get("history"), values.get("best_epoch")
    if not isinstance(history, list) or best not in range(1, len(history) + 1):
        raise PermanentError(
            f"the epochs of training, and which of them was kept, in {folder / TRAINING}",
            f"best_epoch {best!r} of {history!r}"[:80],
            _REMEDY,
        )
    return values
