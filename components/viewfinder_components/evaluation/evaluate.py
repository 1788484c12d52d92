"""The evaluate step: score, compare, decide, and show."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from viewfinder_components.evaluation.config import EvaluationConfig
from viewfinder_components.evaluation.findings import Findings, find_out
from viewfinder_components.evaluation.gallery import (
    describe_explained,
    describe_photos,
    surest_right,
    worst_mistakes,
)
from viewfinder_components.evaluation.inputs import EvaluationInputs, installed_versions
from viewfinder_components.evaluation.label_issues.find import find_label_issues
from viewfinder_components.evaluation.label_issues.photo_set import PhotoSet
from viewfinder_components.evaluation.label_issues.pictures import describe_label_issues
from viewfinder_components.evaluation.record import (
    champion_record,
    metrics_record,
    write_predictions,
)
from viewfinder_components.evaluation.report import render_run_report
from viewfinder_components.evaluation.result import EvaluationResult
from viewfinder_components.evaluation.samples import read_chosen
from viewfinder_components.formats.evaluation import PAGE, PREDICTIONS, write_evaluation
from viewfinder_components.formats.label_issues import write_label_issues
from viewfinder_components.formats.samples import FOLDER, write_samples
from viewfinder_components.timing import Stopwatch
from viewfinder_components.whole_files import write_json, write_text


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
    findings = find_out(inputs, config, watch)
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
    return EvaluationResult.of(findings, watch.seconds)


def _record(
    inputs: EvaluationInputs,
    findings: Findings,
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


def _page(inputs: EvaluationInputs, findings: Findings) -> dict[str, Any]:
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
