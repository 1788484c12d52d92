"""Measure the validation photos, so that the predictor can notice when photos differ from them."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError
from viewfinder_components.export.config import ExportConfig
from viewfinder_components.export.inputs import ExportInputs
from viewfinder_components.formats.drawn_photos import DrawnPhotos
from viewfinder_components.formats.drift_reference import DriftReference
from viewfinder_components.formats.features import read_some
from viewfinder_components.formats.precision import F32, Precision, list_missing
from viewfinder_components.inference import InferenceModel
from viewfinder_components.monitoring.novelty import Novelty
from viewfinder_components.monitoring.pixels import measure_pixels
from viewfinder_components.monitoring.reference import (
    LEAST_REFERENCE_PHOTOS,
    MeasuredAnswers,
    make_reference,
)
from viewfinder_components.progress import Progress
from viewfinder_components.reports.formatting import plural
from viewfinder_components.spelling import spell

_log = logging.getLogger(__name__)
_BATCH = 64  # photos in memory at a time
_MOST_TRAINING_PHOTOS = 5_000  # 26 MB of features


@dataclass(frozen=True)
class DriftOutcome:
    """What the predictor can compare photos with."""

    photos: int = 0
    """Number of validation photos that were measured."""
    false_alarm_rate: float = 0.0
    """As `DriftReference` has it."""
    reason: str = ""
    """Why there is no reference, in a sentence; empty if there is one."""

    @property
    def summary(self) -> str:
        """The end of the step's summary."""
        return (
            f". {self.reason}"
            if self.reason
            else f"; a drift reference of {plural(self.photos, 'photo')}"
        )

    @property
    def sentence(self) -> str:
        """What the model card says."""
        if self.reason:
            return f"{self.reason} Nothing tells when photos become unlike those it was tested on."
        return (
            f"The predictor compares photos and answers with those of {self.photos:,} validation "
            "photos. A window of photos like these counts as drift with a probability of about "
            f"{self.false_alarm_rate:g}."
        )


class _NoReferenceError(Exception):
    """There is no drift reference, and the run goes on; the message is a sentence."""


def write_drift(
    servable: Path,
    inputs: ExportInputs,
    config: ExportConfig,
    calibration_dir: Path | None,
    reference_dir: Path | None,
) -> DriftOutcome:
    """Write `drift.json` and, for a model that pools its features, `drift.npz`.

    Without enough photos there is neither, and the run goes on.

    Args:
        servable: With the int8 model, if there is one.
        inputs: The model, and the features of training photos if train has left some.
        config: User settings.
        calibration_dir: Photos of the training split, whose features are computed where train has
            left none; None for none.
        reference_dir: Photos of the validation split; None for none.

    Raises:
        PermanentError: The photos cannot be read, or are not for this model.
    """
    try:
        photos = _find_photos(inputs, config, reference_dir)
    except _NoReferenceError as error:
        _log.info("export: %s", error)
        return DriftOutcome(reason=str(error))
    reference, novelty = _measure(photos, servable, inputs, config, calibration_dir)
    reference.write(servable)
    if novelty is not None:
        novelty.write(servable)
    return DriftOutcome(reference.photos, reference.false_alarm_rate)


def _measure(
    photos: DrawnPhotos,
    servable: Path,
    inputs: ExportInputs,
    config: ExportConfig,
    calibration_dir: Path | None,
) -> tuple[DriftReference, Novelty | None]:
    model = InferenceModel.load(inputs.model_dir, explains=True)
    novelty = _fit_novelty(inputs, model, calibration_dir)
    answers = {F32: _ask(model, photos, novelty)}
    int8: Precision = "int8"
    if not list_missing(servable, int8):
        model = InferenceModel.load(servable, explains=True, precision=int8)
        answers[int8] = _ask(model, photos, novelty)
    pixels = [measure_pixels(photo) for batch in _batches(photos) for photo in batch]
    files, rate = photos.file_measures, config.drift_false_alarm_rate
    return make_reference(inputs.labels, np.stack(pixels), files, answers, rate), novelty


def _find_photos(
    inputs: ExportInputs, config: ExportConfig, reference_dir: Path | None
) -> DrawnPhotos:
    if not config.drift_false_alarm_rate:
        raise _NoReferenceError(
            f"There is no drift reference, because {spell('drift_false_alarm_rate')} is 0."
        )
    if reference_dir is None:
        raise _NoReferenceError(
            "There is no drift reference, because export was given no validation photos."
        )
    photos = DrawnPhotos.open(reference_dir, "val")
    if len(photos) < LEAST_REFERENCE_PHOTOS:
        raise _NoReferenceError(
            f"There is no drift reference: it takes {LEAST_REFERENCE_PHOTOS} validation photos, "
            f"and the split has {len(photos)}."
        )
    if (photos.labels, photos.files.image_size) != (inputs.labels, inputs.image_size):
        raise PermanentError(
            f"validation photos of the model's classes in its size, {inputs.image_size} pixels",
            f"{len(photos.labels)} classes in {photos.files.image_size} pixels",
            "pass the output reference_photos of the preprocess step that the model was trained "
            "from",
        )
    return photos


def _ask(model: InferenceModel, photos: DrawnPhotos, novelty: Novelty | None) -> MeasuredAnswers:
    outputs, distances = [], []
    progress = Progress("export: photos for drift", len(photos))
    for pixels in _batches(photos):
        answers = model.answer_many(pixels, features=novelty is not None)
        outputs.append(answers.outputs)
        if novelty is not None and answers.features is not None:
            distances.append(novelty.distances(answers.features))
        progress.advance(len(pixels))
    progress.finish()
    rows = np.concatenate(outputs)
    return MeasuredAnswers(
        rows.max(axis=1).astype(np.float64),
        rows.argmax(axis=1),
        np.concatenate(distances) if distances else None,
    )


def _batches(photos: DrawnPhotos) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(photos), _BATCH):
        yield photos.pixels(start, start + _BATCH)


def _fit_novelty(
    inputs: ExportInputs, model: InferenceModel, calibration_dir: Path | None
) -> Novelty | None:
    if model.explanation_method is None:
        return None
    known = read_some(inputs.model_dir, "train", _MOST_TRAINING_PHOTOS)
    if known is None and calibration_dir is not None:
        known = _compute_features(model, DrawnPhotos.open(calibration_dir, "train"))
    return None if known is None else Novelty.fit(*known)


def _compute_features(
    model: InferenceModel, photos: DrawnPhotos
) -> tuple[NDArray[np.float32], NDArray[np.int32]] | None:
    features = model.answer_many(photos.pixels(), features=True).features
    return None if features is None else (features, photos.truth)
