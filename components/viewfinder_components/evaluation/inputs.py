"""The evaluate step's inputs: the model, the test photos, and what is known about both."""

import hashlib
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.labels import read_labels
from viewfinder_components.formats.photo_index import read_summary
from viewfinder_components.formats.shards import Shards, Split
from viewfinder_components.formats.training import read_training
from viewfinder_components.inference import InferenceModel

_PACKAGES = ("viewfinder", "numpy", "openvino", "scikit-learn", "scipy")


@dataclass(frozen=True)
class EvaluationInputs:
    """The outputs of the earlier steps, checked to match each other."""

    model: InferenceModel
    shards: Shards
    split: Split
    """The test photos, at least one."""
    summary: dict[str, Any]
    """validate's `summary.json`."""
    training: dict[str, Any]
    """train's `training.json`."""
    model_sha256: str
    """Hexadecimal digest of `model.xml` followed by `model.bin`."""

    @classmethod
    def open(cls, model_dir: Path, index_dir: Path, shards_dir: Path) -> Self:
        """Read everything but the photos.

        Raises:
            PermanentError: Something is missing or broken, there are no test photos, or the model
                was trained for other classes or another photo size.
        """
        shards = Shards.open(shards_dir)
        split = shards.split("test")
        if not len(split):
            raise PermanentError(
                "photos in the test split",
                "none",
                "raise test_fraction, or put photos into the folder of the test split",
            )
        model = InferenceModel.load(model_dir, explains=True)
        labels = read_labels(model_dir, "run train again, and pass its whole directory")
        _demand_fit("classes", list(shards.labels), list(labels))
        _demand_fit("photo size", shards.image_size, model.image_size)
        return cls(
            model=model,
            shards=shards,
            split=split,
            summary=read_summary(index_dir),
            training=read_training(model_dir),
            model_sha256=_digest(model_dir / "model.xml", model_dir / "model.bin"),
        )

    @property
    def backbone_was_trained(self) -> bool:
        """Whether the features depend on the labels of the train photos."""
        config = self.training.get("config") or {}
        return self.training.get("backbone") == "scratch" or bool(config.get("fine_tune_epochs"))

    def identify(self) -> dict[str, Any]:
        """Return what distinguishes this model from others, JSON-ready."""
        return {
            "sha256": self.model_sha256,
            "backbone": self.training.get("backbone"),
            "image_size": self.shards.image_size,
            "data_digest": self.shards.data_digest,
        }


def installed_versions() -> dict[str, str]:
    """Return the versions of everything the numbers depend on."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # run from a source tree that was never installed
            continue
    return versions


def _demand_fit(what: str, data: object, model: object) -> None:
    if data != model:
        raise PermanentError(
            f"a model trained for the shards' {what}, {data!r:.200}",
            f"one trained for {model!r:.200}",
            "train on these shards",
        )


def _digest(*paths: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()
