"""The test photos that evaluate kept, with what the model said about them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewfinder_components.errors import PermanentError

_REMEDY = "run evaluate again, and pass its whole directory"


@dataclass(frozen=True)
class Sample:
    """One test photo.

    Attributes:
        uri: Where the photo came from.
        content: The file's bytes.
        probabilities: The evaluation's outputs, one a label.
    """

    uri: str
    content: bytes
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class Samples:
    """The test photos of one evaluation.

    Attributes:
        labels: The classes, in the order of the probabilities.
        photos: At least one.
    """

    labels: tuple[str, ...]
    photos: tuple[Sample, ...]


def read_samples(evaluation_dir: Path) -> Samples:
    """Read `evaluation.json` and `samples/`.

    Raises:
        PermanentError: They are missing or not what evaluate writes.
    """
    try:
        record = json.loads((evaluation_dir / "evaluation.json").read_bytes())
        labels = tuple(record["labels"])
        folder = evaluation_dir / "samples"
        entries = json.loads((folder / "samples.json").read_bytes())
        photos = tuple(_read_sample(folder, entry, len(labels)) for entry in entries)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PermanentError(
            f"an evaluation with sample photos in {evaluation_dir}",
            f"{type(error).__name__}: {error}",
            _REMEDY,
        ) from error
    if not photos:
        raise PermanentError(f"sample photos in {evaluation_dir}", "none", _REMEDY)
    return Samples(labels, photos)


def _read_sample(folder: Path, entry: dict[str, Any], classes: int) -> Sample:
    probabilities = tuple(float(value) for value in entry["probabilities"])
    if len(probabilities) != classes:
        raise ValueError(f"{len(probabilities)} probabilities for {classes} labels")
    return Sample(str(entry["uri"]), (folder / entry["file"]).read_bytes(), probabilities)
