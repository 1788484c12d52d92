"""The evaluate step's contract."""

from typing import NamedTuple

from kfp import dsl

from viewfinder_components.evaluation.config import STEP
from viewfinder_components.parameters import declares


@dsl.component(base_image=STEP.image, install_kfp_package=False)
@declares(*STEP.configs)
def evaluate(
    model: dsl.Input[dsl.Model],
    index: dsl.Input[dsl.Dataset],
    shards: dsl.Input[dsl.Dataset],
    evaluation: dsl.Output[dsl.Artifact],
    test_metrics: dsl.Output[dsl.Metrics],
    confusion_matrix_and_roc: dsl.Output[dsl.ClassificationMetrics],
    evaluation_report: dsl.Output[dsl.HTML],
    model_root: str,
    model_name: str,
    run_id: str,
    min_accuracy: float,
    min_balanced_accuracy: float,
    max_ece: float,
    allow_undecided: bool,
    confidence: float,
    find_label_issues: bool,
    max_megapixels: float,
    near_duplicate_distance: int,
    reason: str,
) -> NamedTuple("Outputs", [("accepted", bool)]):  # type: ignore[valid-type]
    """Score the model on the test photos, compare it with the champion, and decide.

    Args:
        model: The model of the train step.
        index: The index of the validate step.
        shards: The shards of the preprocess step.
        evaluation: Every metric, every prediction, labels worth a second look, and sample photos.
        test_metrics: The scalar metrics.
        confusion_matrix_and_roc: Confusion matrix and micro-averaged one-against-the-rest ROC.
        evaluation_report: The run's main page.

    Returns:
        accepted: Whether the model may be published; the reason is in the metadata of `evaluation`.
    """
    arguments = locals()
    from viewfinder_components.outcome import record_outcome

    with record_outcome("evaluate", test_metrics) as outcome:
        from pathlib import Path

        from viewfinder_components.evaluation.config import EvaluationConfig
        from viewfinder_components.evaluation.evaluate import evaluate_model
        from viewfinder_components.parameters import build_config

        config = build_config(EvaluationConfig, arguments)
        result = evaluate_model(
            Path(model.path),
            Path(index.path),
            Path(shards.path),
            Path(evaluation.path),
            Path(evaluation_report.path),
            config,
        )
        evaluation.metadata.update(decision=result.decision)
        confusion_matrix_and_roc.log_confusion_matrix(*result.confusion_matrix)
        confusion_matrix_and_roc.log_roc_curve(*result.roc_curve)
        outcome.succeed(
            result.summary,
            result.seconds,
            result.scalars,
            parameters={"accepted": result.accepted},
            metadata={"evaluation": evaluation.metadata},
        )
    return (result.accepted,)
