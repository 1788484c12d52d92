"""Open a published version and verify that it is complete and answers."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from viewfinder_components.errors import PermanentError, reason_of
from viewfinder_components.foreign_errors import need_memory
from viewfinder_components.formats.drift_reference import DRIFT_REFERENCE
from viewfinder_components.formats.labels import read_labels
from viewfinder_components.formats.precision import AUTO, F32, MODEL_FILES, Precision
from viewfinder_components.inference import Answers
from viewfinder_components.monitoring.novelty import DRIFT_MODEL
from viewfinder_components.storage.checksums import digest_file
from viewfinder_components.storage.contents import Manifest, changed_files
from viewfinder_components.storage.version import MANIFEST, parse_number
from viewfinder_serving.drift.baseline import Baseline
from viewfinder_serving.engine_names import OPENVINO
from viewfinder_serving.engines import FILES, PLATFORMS, Engine, load_engine
from viewfinder_serving.precision import ServedPrecision, fall_back, select_precision
from viewfinder_serving.refusals import shown

_log = logging.getLogger(__name__)
_AGAIN = "copy the version again, or export and publish the model again"


@dataclass(frozen=True)
class Servable:
    """A loaded model and what is known about it.

    Attributes:
        labels: The classes, in the order of the model's outputs.
        model: From uint8 pixels `[n, size, size, 3]` to probabilities `[n, len(labels)]`.
        version: The integer of the path `<model>/<integer>`, else the run's id, else `0`.
        run_id: The pipeline run that made it; empty without a manifest.
        platform: The V2 protocol's name for the kind of model.
        digest: The manifest's sha256, which stands for all files of the version; empty without one.
        precision: The precision in which the model computes, and why.
        created: When the model was exported, in seconds since 1970; None if the manifest does not
            say it.
        baseline: With what photos and answers are compared; None for nothing.
    """

    labels: tuple[str, ...]
    model: Engine
    version: str
    run_id: str
    precision: ServedPrecision
    platform: str = PLATFORMS[OPENVINO]
    digest: str = ""
    created: float | None = None
    baseline: Baseline | None = None

    def list_properties(self) -> Iterator[tuple[str, str]]:
        """Yield what the model's metadata say about it, as the protocol's `properties`: texts."""
        yield "precision", self.precision.name
        yield "precision_reason", self.precision.reason
        if self.precision.tolerance is not None:
            yield "precision_tolerance", str(self.precision.tolerance)
        if self.baseline:
            yield "drift_measures", ", ".join(one.name for one in self.baseline.measures)

    @classmethod
    def load(
        cls,
        directory: Path,
        threads: int | None = None,
        explains: bool = False,
        engine: str = OPENVINO,
        precision: str = AUTO,
        spare: int | None = None,
        drift: bool = False,
    ) -> "Servable":
        """Read a servable directory and run the model once.

        Args:
            directory: What `publish` wrote.
            threads: Cores that the model may use; None for all.
            explains: Whether the model shall explain its answers, where it can.
            engine: What computes, one of `ENGINES`.
            precision: As for `select_precision`.
            spare: As for `load_engine`.
            drift: Whether to read the version's drift reference.

        Raises:
            PermanentError: A file is missing, differs from the manifest's digest, is not what its
                name says, contradicts the manifest, the model does not give one probability per
                label, or there is no model of the wanted precision.
        """
        _need_files(directory, FILES[engine])
        manifest = _read_manifest(directory, _list_used(engine, directory, precision, drift))
        labels = read_labels(directory, _AGAIN)

        def load(name: Precision) -> tuple[Engine, Baseline | None]:
            baseline = Baseline.read(directory, name) if drift else None
            features = bool(baseline and baseline.novelty)
            model = load_engine(
                engine, directory, manifest, threads, explains, name, spare, features
            )
            _need_agreement(manifest, {"labels": list(labels), "image_size": model.image_size})
            answers = _prove(model, labels, directory)
            return model, baseline and baseline.fit(answers.features)

        served = select_precision(engine, directory, manifest, precision)
        try:
            model, baseline = load(served.name)
        except PermanentError as error:
            if precision != AUTO or served.name == F32:
                raise
            served = fall_back(served, manifest, error)
            model, baseline = load(served.name)
        run_id = str(manifest.get("run_id") or "")
        folder = directory.resolve().name
        is_number = parse_number(folder) is not None
        version = folder if is_number else run_id or "0"
        digest = digest_file(directory / MANIFEST) if manifest else ""
        created = _read_time(manifest.get("created"))
        platform = PLATFORMS[engine]
        return cls(labels, model, version, run_id, served, platform, digest, created, baseline)


def _need_files(directory: Path, files: Sequence[str]) -> None:
    missing = [name for name in files if not (directory / name).is_file()]
    if missing:
        raise PermanentError(
            f"a published version with {', '.join(files)} in {directory}",
            f"no {', '.join(missing)}" if directory.is_dir() else "no such directory",
            "name a directory <root>/<model>/<integer> written by `publish`",
        )


def _list_used(engine: str, directory: Path, precision: str, drift: bool) -> Sequence[str]:
    """Return the files that may be loaded."""
    others = MODEL_FILES["int8"] if engine == OPENVINO and precision in (AUTO, "int8") else ()
    if drift:
        others = (*others, DRIFT_REFERENCE, DRIFT_MODEL)
    return (*FILES[engine], *(name for name in others if (directory / name).exists()))


def _read_manifest(directory: Path, files: Sequence[str]) -> dict[str, Any]:
    """Return the manifest after checking the digests of the files read here; {} without one."""
    if not (directory / MANIFEST).exists():
        _log.warning(
            "%s has no %s, so its files cannot be checked against those that were published",
            directory,
            MANIFEST,
        )
        return {}
    manifest = Manifest.read(directory)
    if changed := changed_files(directory, manifest.promised, files):
        raise PermanentError(
            f"{directory / changed[0]} with sha256 {manifest.promised.get(changed[0])}",
            digest_file(directory / changed[0]),
            _AGAIN,
        )
    return manifest.values


def _read_time(text: Any) -> float | None:
    """Return a time in ISO 8601 as seconds since 1970; None if it is none."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError):
        return None


def _need_agreement(manifest: dict[str, Any], found: dict[str, Any]) -> None:
    """Refuse files that are complete but not those that the manifest describes."""
    for name, value in found.items():
        if manifest.get(name, value) != value:
            raise PermanentError(
                f"the {name} of {MANIFEST}, {shown(manifest[name])}", shown(value), _AGAIN
            )


def _prove(model: Engine, labels: tuple[str, ...], directory: Path) -> Answers:
    """Run a grey photo: the first inference is slow, and reveals a broken model."""
    grey = np.full((1, model.image_size, model.image_size, 3), 128, np.uint8)
    try:
        answers = model.answer(grey, features=True)
    except RuntimeError as error:
        need_memory(error)
        raise PermanentError(
            f"a model in {directory} that accepts uint8 pixels", reason_of(error)[:300], _AGAIN
        ) from error
    rows = answers.outputs
    if rows.shape != (1, len(labels)):
        raise PermanentError(
            f"{len(labels)} outputs for {len(labels)} labels in {directory}",
            f"outputs of shape {list(rows.shape)}",
            _AGAIN,
        )
    # 1e-3 is far above float32 rounding and far below the error of a forgotten softmax.
    if not np.isfinite(rows).all() or rows.min() < 0 or abs(float(rows.sum()) - 1) > 1e-3:
        raise PermanentError(
            f"probabilities that sum to 1 from the model in {directory}",
            str(rows[0, :5].tolist()),
            _AGAIN,
        )
    return answers
