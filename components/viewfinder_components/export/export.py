"""The export step: everything a server needs, in one directory."""

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from viewfinder_components.errors import PermanentError
from viewfinder_components.export.card import render_card
from viewfinder_components.export.config import ExportConfig
from viewfinder_components.export.drift import DriftOutcome, write_drift
from viewfinder_components.export.inputs import IR_FILES, ExportInputs
from viewfinder_components.export.kept_photos import choose_kept, write_kept
from viewfinder_components.export.manifest import write_manifest
from viewfinder_components.export.quantization import NotQuantizedError, find_photos, quantize
from viewfinder_components.formats.drift_reference import DRIFT_REFERENCE
from viewfinder_components.formats.labels import LABELS
from viewfinder_components.formats.precision import MODEL_FILES, PrecisionChoice
from viewfinder_components.formats.samples import Sample
from viewfinder_components.monitoring.novelty import DRIFT_MODEL
from viewfinder_components.reports.formatting import plural
from viewfinder_components.storage.version import MANIFEST, SAMPLES
from viewfinder_components.timing import Stopwatch

_log = logging.getLogger(__name__)
CARD = "card.md"
_TENSORFLOW_PARTS = ("saved_model.pb", "variables", "assets.extra")


@dataclass(frozen=True)
class ExportResult:
    """What was written."""

    files: int
    """Number of files, including the manifest."""
    bytes: int
    """Their total size, without the manifest."""
    difference: float
    """Largest difference found between the SavedModel's and the evaluation's probabilities."""
    seconds: dict[str, float]
    """Wall-clock seconds by phase."""
    drift: DriftOutcome
    """What the predictor can compare photos with."""
    not_quantized: str = ""
    """Why there is no int8 model, in a sentence; empty if there is one."""

    @property
    def metrics(self) -> dict[str, float]:
        """The measurements."""
        return {
            "files": self.files,
            "megabytes": round(self.bytes / 1e6, 3),
            "max_difference": self.difference,
        }

    @property
    def summary(self) -> str:
        """The step's one-sentence summary."""
        return (
            f"{plural(self.files, 'file')}, {self.bytes / 1e6:.1f} MB; the SavedModel's "
            f"probabilities differ from the evaluation's by at most {self.difference:.4f}"
            f"{'' if self.not_quantized else '; with an int8 model'}"
            f"{self.drift.summary}"
        )


def export_model(
    model_dir: Path,
    evaluation_dir: Path,
    servable_dir: Path,
    config: ExportConfig,
    calibration_dir: Path | None = None,
    reference_dir: Path | None = None,
) -> ExportResult:
    """Write the SavedModel, OpenVINO's files, labels, drift reference, model card and manifest.

    Args:
        model_dir: `model.keras`, `model.xml`, `model.bin`, `labels.json` and `training.json` from
            the train step.
        evaluation_dir: `evaluation.json` and `samples/` from the evaluate step.
        servable_dir: Where to write. Whatever an earlier export left there is replaced.
        config: User settings.
        calibration_dir: The training photos that preprocess drew, with which the int8 model is
            calibrated; None for no such model.
        reference_dir: The validation photos that preprocess drew, which the drift reference is
            made of; None for none.

    Raises:
        PermanentError: An input is missing or broken, the evaluation is of another model,
            `servable_dir` contains other files, or the SavedModel does not answer as the
            evaluated model did.
    """
    watch = Stopwatch("export")
    with watch.phase("read"):
        inputs = ExportInputs.open(model_dir, evaluation_dir)
        _clear(servable_dir)
    kept = choose_kept(inputs.samples, config.keep_test_photos)
    difference = _write_saved_model(servable_dir, inputs, kept, config, watch)
    with watch.phase("quantize"):
        not_quantized = _write_int8(servable_dir, model_dir, calibration_dir, config)
    with watch.phase("drift"):
        drift = write_drift(servable_dir, inputs, config, calibration_dir, reference_dir)
    with watch.phase("describe"):
        for name in (*IR_FILES, LABELS):
            shutil.copyfile(model_dir / name, servable_dir / name)
        write_kept(servable_dir / SAMPLES, kept)
        card = render_card(inputs, drift, config.model_name, config.run_id)
        (servable_dir / CARD).write_text(card, "utf-8")
        # Until check has proved another precision, f32 is served.
        precision = PrecisionChoice(reason=not_quantized)
        manifest = write_manifest(
            servable_dir, inputs, config.run_id, config.model_name, precision, drift
        )
    sizes = [entry["bytes"] for entry in manifest["files"].values()]
    return ExportResult(len(sizes) + 1, sum(sizes), difference, watch.seconds, drift, not_quantized)


def _write_int8(
    servable: Path, model_dir: Path, calibration_dir: Path | None, config: ExportConfig
) -> str:
    """Write the int8 model, if it may be served; return why there is none, empty if there is."""
    try:
        photos = find_photos(calibration_dir, config)
        quantize(model_dir, photos, servable)
    except NotQuantizedError as error:
        _log.info("export: %s", error)
        return str(error)
    return ""


def _clear(servable: Path) -> None:
    """Create the directory; remove what an interrupted export may have left."""
    servable.mkdir(parents=True, exist_ok=True)
    ours = {*_TENSORFLOW_PARTS, *IR_FILES, *MODEL_FILES["int8"], LABELS, CARD, MANIFEST, SAMPLES}
    ours |= {DRIFT_REFERENCE, DRIFT_MODEL}
    foreign = sorted(path.name for path in servable.iterdir() if path.name not in ours)
    if foreign:
        raise PermanentError(
            f"no other files in {servable}", ", ".join(foreign[:5]), "name an empty directory"
        )
    for path in servable.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _write_saved_model(
    servable: Path,
    inputs: ExportInputs,
    kept: list[Sample],
    config: ExportConfig,
    watch: Stopwatch,
) -> float:
    """Write what TensorFlow Serving reads; return the largest difference of its answers."""
    with watch.phase("import"):
        from viewfinder_components.export import saved_model, warmup
    with watch.phase("load"):
        network = saved_model.load_network(inputs.model_dir / "model.keras")
    with watch.phase("trace"):
        function = saved_model.trace_serving(network, inputs.labels, inputs.image_size)
    with watch.phase("try"):
        samples = warmup.choose_samples(inputs.samples, inputs.image_size)
        difference = _try(function, samples, config.tolerance)
    with watch.phase("save"):
        saved_model.write_saved_model(function, servable)
        requests = warmup.choose_requests(kept, inputs.image_size)
        warmup.write_warmup(servable / warmup.REQUESTS, requests, config.model_name)
    return difference


def _try(function: Any, samples: list[Sample], tolerance: float) -> float:
    """Run the function to be saved on the samples, and compare the answers with the evaluation."""
    from viewfinder_components.tensorflow import tf

    answers = function(tf.constant([sample.content for sample in samples]))
    expected = np.array([sample.probabilities for sample in samples], np.float32)
    difference = float(np.abs(answers["probabilities"].numpy() - expected).max())
    if not difference <= tolerance:  # NaN fails
        raise PermanentError(
            f"a SavedModel whose probabilities differ from the evaluation's by at most {tolerance}",
            f"a difference of {difference:.4f}",
            "train again, or raise the tolerance if the answers are accurate enough",
        )
    return difference
