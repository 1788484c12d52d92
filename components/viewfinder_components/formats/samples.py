"""Test photos kept by evaluate, with the model's outputs for them: `samples.json` and files."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.evaluation import read_evaluation
from viewfinder_components.formats.labels import read_labels
from viewfinder_components.spelling import spell
from viewfinder_components.whole_files import write_json

FOLDER = "samples"
INDEX = "samples.json"
_REMEDY = "run evaluate again, and pass its whole directory"


@dataclass(frozen=True)
class Sample:
    """One test photo."""

    uri: str
    """Where the photo came from."""
    content: bytes
    """The file's bytes."""
    label: str
    """The photo's true class."""
    probabilities: tuple[float, ...]
    """The evaluation's outputs, one per label."""
    suffix: str = ""
    """The file's suffix, such as `.jpg`."""
    path: Path | None = None
    """The file, if it was read from one."""


@dataclass(frozen=True)
class Samples:
    """The test photos of one evaluation."""

    labels: tuple[str, ...]
    """The classes, in the order of the probabilities."""
    photos: tuple[Sample, ...]
    """At least one."""


def write_samples(folder: Path, samples: Iterable[Sample]) -> int:
    """Write the photos and their index; return how many there are.

    Args:
        folder: Where; made if it is missing.
        samples: Read one at a time, so that few of them need to be in memory.
    """
    folder.mkdir(parents=True, exist_ok=True)
    entries: list[dict[str, Any]] = []
    for sample in samples:
        name = f"sample-{len(entries):03d}{sample.suffix}"
        (folder / name).write_bytes(sample.content)
        entries.append(
            {
                "file": name,
                "uri": sample.uri or f"{folder.name}/{name}",
                "label": sample.label,
                "probabilities": list(sample.probabilities),
            }
        )
    write_json(folder / INDEX, entries)
    return len(entries)


def read_samples(evaluation_dir: Path) -> Samples:
    """Read `evaluation.json` and `samples/`.

    Raises:
        PermanentError: They are missing or not what evaluate writes.
    """
    labels = tuple(read_evaluation(evaluation_dir)["labels"])
    return _read_photos(evaluation_dir, labels, "an evaluation", _REMEDY)


def read_kept_samples(version: Path) -> Samples:
    """Read the test photos that a published version keeps.

    Raises:
        PermanentError: There are none, or they are not what export writes.
    """
    remedy = f"publish a version with {spell('keep_test_photos')} above 0"
    return _read_photos(version, read_labels(version, remedy), "a version", remedy)


def _read_photos(place: Path, labels: tuple[str, ...], what: str, remedy: str) -> Samples:
    folder = place / FOLDER
    try:
        entries = json.loads((folder / INDEX).read_bytes())
        photos = tuple(_read_sample(folder, entry, len(labels)) for entry in entries)
    except (OSError, ValueError, RecursionError, KeyError, TypeError) as error:
        raise PermanentError(
            f"{what} with test photos in {place}", _explain(error), remedy
        ) from error
    if not photos:
        raise PermanentError(f"test photos in {place}", "none", remedy)
    return Samples(labels, photos)


def _explain(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.strerror}: {Path(str(error.filename)).name}"
    return f"an entry without {error}" if isinstance(error, KeyError) else str(error)


def _read_sample(folder: Path, entry: Mapping[str, Any], classes: int) -> Sample:
    probabilities = tuple(float(value) for value in entry["probabilities"])
    if len(probabilities) != classes:
        raise ValueError(f"{len(probabilities)} probabilities for {classes} labels")
    path = folder / entry["file"]
    return Sample(
        uri=str(entry["uri"]),
        content=path.read_bytes(),
        label=str(entry["label"]),
        probabilities=probabilities,
        suffix=path.suffix,
        path=path,
    )
