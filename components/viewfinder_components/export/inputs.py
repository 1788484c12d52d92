"""The export step's inputs: the model, and what the evaluation found out about it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from viewfinder_components.errors import PermanentError, reason_of
from viewfinder_components.formats.evaluation import read_evaluation
from viewfinder_components.formats.labels import read_labels
from viewfinder_components.formats.samples import Sample, read_samples
from viewfinder_components.formats.training import read_training

IR_FILES = ("model.xml", "model.bin")
_REMEDY = "run the step that writes it"


@dataclass(frozen=True)
class ExportInputs:
    """The outputs of training and evaluation, checked to match each other."""

    model_dir: Path
    labels: tuple[str, ...]
    training: dict[str, Any]
    """train's `training.json`."""
    evaluation: dict[str, Any]
    """evaluate's `evaluation.json`."""
    samples: tuple[Sample, ...]
    """At least one."""

    @classmethod
    def open(cls, model_dir: Path, evaluation_dir: Path) -> Self:
        """Read everything but the network.

        Raises:
            PermanentError: Something is missing or broken, or the evaluation is of another model.
        """
        evaluation = read_evaluation(evaluation_dir)
        labels = read_labels(model_dir, _REMEDY)
        _demand_same("classes", list(labels), evaluation.get("labels"))
        found = evaluation.get("model", {}).get("sha256")
        _demand_same("model.xml and model.bin", _digest(model_dir), found)
        return cls(
            model_dir=model_dir,
            labels=labels,
            training=read_training(model_dir),
            evaluation=evaluation,
            samples=read_samples(evaluation_dir).photos,
        )

    @property
    def image_size(self) -> int:
        """Side of the square photos that the model accepts, in pixels."""
        return int(self.training["image_size"])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PermanentError(
            f"a readable {path.name} in {path.parent}",
            reason_of(error),
            _REMEDY,
        ) from error


def _demand_same(what: str, model: object, evaluation: object) -> None:
    if model != evaluation:
        raise PermanentError(
            f"an evaluation of this model, {what} {model!r:.200}",
            f"one of {evaluation!r:.200}",
            "evaluate the model again",
        )


def _digest(model_dir: Path) -> str:
    """Return the evaluation's identifier of the model: the digest of both files in sequence."""
    return hashlib.sha256(b"".join(_read(model_dir / name) for name in IR_FILES)).hexdigest()
