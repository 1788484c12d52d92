"""What the evaluation finds out about a model, before any of it is written."""

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.evaluation.champion import Champion, find_champion, score_champion
from viewfinder_components.evaluation.config import EvaluationConfig
from viewfinder_components.evaluation.gate import Decision, Rival, decide
from viewfinder_components.evaluation.inputs import EvaluationInputs
from viewfinder_components.evaluation.metrics import Metrics, measure
from viewfinder_components.evaluation.scoring import BATCH, Predictions, predict_photos
from viewfinder_components.paired_difference import PairedDifference
from viewfinder_components.reports.formatting import shorten
from viewfinder_components.timing import Stopwatch

_log = logging.getLogger(__name__)
_FEW_PHOTOS = 10  # below this, one photo moves a class's recall by more than 0.1


@dataclass(frozen=True)
class Findings:
    """Predictions, measurements and the decision."""

    predictions: Predictions
    features: NDArray[np.float32] | None
    """The test photos' pooled features, where they are needed to search for label issues."""
    metrics: Metrics
    champion: Champion | None
    """The published version that the model was compared with."""
    difference: PairedDifference | None
    decision: Decision
    warnings: tuple[str, ...]
    """Caveats for readers of the numbers, in sentences."""


def find_out(inputs: EvaluationInputs, config: EvaluationConfig, watch: Stopwatch) -> Findings:
    """Classify the test photos, measure, compare with the published version, and decide.

    Args:
        inputs: The model and its test photos.
        config: User settings.
        watch: Times the phases.

    Raises:
        PermanentError: The model's outputs are not probabilities.
    """
    shards, split = inputs.shards, inputs.split
    with watch.phase("model"):
        batches = (pixels for pixels, _ in split.batches(BATCH))
        wanted = config.find_label_issues
        answers = predict_photos(inputs.model, batches, len(split), "evaluate: photos", wanted)
        predictions = Predictions(shards.labels, split.labels, answers.outputs)
    with watch.phase("metrics"):
        metrics = measure(predictions, config.confidence)
    with watch.phase("comparison"):
        champion = _score_champion(inputs, config)
        difference = _compare(predictions, champion, config.confidence)
    rival = Rival(champion.number, difference, champion.unknown) if champion else None
    decision = decide(metrics, config.limits, rival)
    warnings = tuple(_warnings(inputs, metrics, champion))
    for warning in warnings:
        _log.warning("evaluate: %s", warning)
    features = answers.features
    return Findings(predictions, features, metrics, champion, difference, decision, warnings)


def _score_champion(inputs: EvaluationInputs, config: EvaluationConfig) -> Champion | None:
    found = find_champion(config.model_root, config.model_name, config.run_id)
    if found is None:
        return None
    max_pixels = int(config.max_megapixels * 1e6)
    return score_champion(found, config.model_root, inputs.shards, inputs.split, max_pixels)


def _compare(
    predictions: Predictions, champion: Champion | None, confidence: float
) -> PairedDifference | None:
    if champion is None or champion.correct is None:
        return None
    scored = champion.scored
    return PairedDifference.of(predictions.correct[scored], champion.correct[scored], confidence)


def _warnings(inputs: EvaluationInputs, metrics: Metrics, champion: Champion | None) -> list[str]:
    found = []
    empty = [part.label for part in metrics.classes if not part.photos]
    if empty:
        found.append(f"No test photos of {shorten(empty)}: nothing is known about these classes.")
    few = [part for part in metrics.classes if 0 < part.photos < _FEW_PHOTOS]
    if few:
        listed = shorten([f"{part.label} ({part.photos})" for part in few])
        found.append(f"Few test photos of {listed}: the results for these classes are unreliable.")
    if champion is not None and champion.problem is not None:
        found.append(
            f"Published version {champion.number} could not be scored, so the model was judged "
            f"without it: {champion.problem}"
        )
    if inputs.training.get("data_digest") not in (None, inputs.shards.data_digest):
        found.append(
            "The model was trained on data other than these shards: photos it was trained on may "
            "be among the test photos, which would flatter it."
        )
    return found
