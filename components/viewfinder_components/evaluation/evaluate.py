"""The evaluate step: score, compare, decide, and show."""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.evaluation.champion import Champion, find_champion, score_champion
from viewfinder_components.evaluation.config import EvaluationConfig
from viewfinder_components.evaluation.gallery import (
    describe_explained,
    describe_photos,
    surest_right,
    worst_mistakes,
)
from viewfinder_components.evaluation.gate import Decision, Rival, decide
from viewfinder_components.evaluation.inputs import EvaluationInputs, installed_versions
from viewfinder_components.evaluation.label_issues.find import find_label_issues
from viewfinder_components.evaluation.label_issues.photo_set import PhotoSet
from viewfinder_components.evaluation.label_issues.pictures import describe_label_issues
from viewfinder_components.evaluation.metrics import Metrics, measure
from viewfinder_components.evaluation.record import (
    champion_record,
    metrics_record,
    write_predictions,
)
from viewfinder_components.evaluation.report import render_run_report
from viewfinder_components.evaluation.samples import read_chosen
from viewfinder_components.evaluation.scoring import BATCH, Predictions, predict_photos
from viewfinder_components.formats.evaluation import PAGE, PREDICTIONS, write_evaluation
from viewfinder_components.formats.label_issues import write_label_issues
from viewfinder_components.formats.samples import FOLDER, write_samples
from viewfinder_components.paired_difference import PairedDifference
from viewfinder_components.reports.formatting import shorten
from viewfinder_components.timing import Stopwatch
from viewfinder_components.whole_files import write_json, write_text

__all__ = ["EvaluationConfig", "EvaluationResult", "evaluate_model"]

_log = logging.getLogger(__name__)
_FEW_PHOTOS = 10  # below this, one photo moves a class's recall by more than 0.1


@dataclass(frozen=True)
class EvaluationResult:
    """The results, in the forms that KFP's artifacts need."""

    accepted: bool
    """Whether the model may be published."""
    decision: str
    """The decision and its reason, in a sentence or two."""
    scalars: dict[str, float]
    """For KFP's Metrics: every number is finite."""
    confusion_matrix: tuple[list[str], list[list[int]]]
    """For KFP's ClassificationMetrics: labels, and rows of true classes."""
    roc_curve: tuple[list[float], list[float], list[float]]
    """For KFP's ClassificationMetrics, micro-averaged: fpr, tpr, thresholds."""
    warnings: tuple[str, ...]
    """Caveats for readers of the numbers, in sentences."""
    seconds: dict[str, float]
    """Wall-clock seconds by phase."""

    @property
    def summary(self) -> str:
        """The step's one-sentence summary."""
        return self.decision


@dataclass(frozen=True)
class _Findings:
    """Everything the step found out, before any of it is written."""

    predictions: Predictions
    features: NDArray[np.float32] | None
    metrics: Metrics
    champion: Champion | None
    difference: PairedDifference | None
    decision: Decision
    warnings: tuple[str, ...]


def evaluate_model(
    model_dir: Path,
    index_dir: Path,
    shards_dir: Path,
    evaluation_dir: Path,
    report_path: Path,
    config: EvaluationConfig,
) -> EvaluationResult:
    """Score the model on the test photos, compare it with the champion, decide, write the results.

    A refused model is a result, not an error.

    Args:
        model_dir: `model.xml`, `model.bin`, `labels.json`, `training.json` and, if the backbone
            was frozen, `features.npz` from train.
        index_dir: `summary.json` from validate, for the page, and `index.parquet`, for the search
            for label issues.
        shards_dir: The shards from preprocess.
        evaluation_dir: Where to write `evaluation.json`, `predictions.parquet`, `samples/`,
            `page.json` and, unless turned off, `label_issues.csv`; made when missing.
        report_path: Where to write the page.
        config: User settings.

    Raises:
        PermanentError: There are no test photos, the model does not fit the shards, or its
            outputs are not probabilities.
    """
    watch = Stopwatch("evaluate")
    with watch.phase("load"):
        inputs = EvaluationInputs.open(model_dir, index_dir, shards_dir)
        evaluation_dir.mkdir(parents=True, exist_ok=True)
    findings = _find_out(inputs, config, watch)
    with watch.phase("samples"):
        split, predictions = inputs.split, findings.predictions
        write_predictions(evaluation_dir / PREDICTIONS, split, predictions)
        chosen = read_chosen(split, predictions, config.samples)
        write_samples(evaluation_dir / FOLDER, chosen)
    page = _page(inputs, findings)
    if config.find_label_issues:
        with watch.phase("labels"):
            photos = PhotoSet.collect(inputs, model_dir, index_dir, findings.features)
            distance = config.near_duplicate_distance
            found = find_label_issues(photos, inputs.shards.labels, distance)
            write_label_issues(evaluation_dir, found.issues)
            page["label_issues"] = describe_label_issues(found, photos)
    seconds = dict(watch.seconds)
    with watch.phase("report"):
        write_json(evaluation_dir / PAGE, page, indent=None)
        # After everything else: if evaluation.json exists, so does the rest.
        write_evaluation(evaluation_dir, _record(inputs, findings, config, seconds))
        write_text(report_path, render_run_report(evaluation_dir))
    return _result(findings, watch.seconds)


def _find_out(inputs: EvaluationInputs, config: EvaluationConfig, watch: Stopwatch) -> _Findings:
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
    return _Findings(predictions, features, metrics, champion, difference, decision, warnings)


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


def _record(
    inputs: EvaluationInputs,
    findings: _Findings,
    config: EvaluationConfig,
    seconds: dict[str, float],
) -> dict[str, Any]:
    return {
        "accepted": findings.decision.accepted,
        "decision": findings.decision.sentence,
        "checks": [asdict(check) for check in findings.decision.checks],
        "warnings": list(findings.warnings),
        "labels": list(inputs.shards.labels),
        "metrics": metrics_record(findings.metrics),
        "champion": champion_record(findings.champion, findings.difference),
        "config": asdict(config),
        "model": inputs.identify(),
        "versions": installed_versions(),
        "seconds": seconds,
    }


def _page(inputs: EvaluationInputs, findings: _Findings) -> dict[str, Any]:
    split, predictions, metrics = inputs.split, findings.predictions, findings.metrics
    mistakes = worst_mistakes(predictions)
    return {
        "summary": inputs.summary,
        "training": inputs.training,
        "explanation": inputs.model.explanation_method,
        "mistakes": describe_explained(split, predictions, mistakes, inputs.model),
        "right": describe_photos(split, predictions, surest_right(predictions)),
        "roc_micro": asdict(metrics.roc_micro) if metrics.roc_micro else None,
        "roc_classes": [asdict(curve) if curve else None for curve in metrics.roc_classes],
    }


def _result(findings: _Findings, seconds: dict[str, float]) -> EvaluationResult:
    metrics, curve = findings.metrics, findings.metrics.roc_micro
    scalars = {
        "photos": metrics.photos,
        "accuracy": metrics.accuracy,
        "accuracy_low": metrics.accuracy_interval.low,
        "accuracy_high": metrics.accuracy_interval.high,
        "balanced_accuracy": metrics.balanced_accuracy,
        "macro_f1": metrics.macro_f1,
        "log_loss": metrics.log_loss,
        "ece": metrics.ece,
        "top_5_accuracy": metrics.top_5_accuracy,
        "auc_micro": metrics.auc_micro,
        "auc_macro": metrics.auc_macro,
        "champion_difference": findings.difference.difference if findings.difference else None,
    }
    return EvaluationResult(
        accepted=findings.decision.accepted,
        decision=findings.decision.sentence,
        scalars={name: value for name, value in scalars.items() if value is not None},
        confusion_matrix=(
            list(findings.predictions.labels),
            [list(row) for row in metrics.confusion_matrix],
        ),
        roc_curve=(
            list(curve.false_positive_rate) if curve else [],
            list(curve.true_positive_rate) if curve else [],
            list(curve.thresholds) if curve else [],
        ),
        warnings=findings.warnings,
        seconds=seconds,
    )
