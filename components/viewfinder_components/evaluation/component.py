"""The evaluate step's contract."""

from typing import NamedTuple

from kfp import dsl

from viewfinder_components.image import STEPS_IMAGE


@dsl.component(base_image=STEPS_IMAGE, install_kfp_package=False)
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
    min_accuracy: float = 0.0,
    min_balanced_accuracy: float = 0.0,
    max_ece: float = 1.0,
    allow_undecided: bool = False,
    confidence: float = 0.95,
    max_megapixels: float = 120.0,
) -> NamedTuple("Outputs", [("accepted", bool)]):  # type: ignore[valid-type]
    """Score the model on the test photos, beside the champion, and decide.

    Args:
        model: The model of the train step.
        index: The index of the validate step.
        shards: The shards of the preprocess step.
        evaluation: Every metric, every prediction, and sample photos for the later steps.
        test_metrics: The scalar metrics.
        confusion_matrix_and_roc: Confusion matrix and micro-averaged one-against-the-rest ROC.
        evaluation_report: The run's main page.
        model_root: Where versions are published; the champion is its newest one.
        model_name: The model's name below the root.
        min_accuracy: Least accuracy on the test photos, 0 to 1.
        min_balanced_accuracy: Least mean of the classes' recalls, 0 to 1.
        max_ece: Largest expected calibration error, 0 to 1.
        allow_undecided: Whether test photos may be too few to tell the model from a guess.
        confidence: Level of the intervals, and of "not worse than the champion".
        max_megapixels: Larger pictures are not decoded again for a champion of another size.

    Returns:
        accepted: Whether the model may be published; why is in the metadata of `evaluation`.
    """
    from viewfinder_components.outcome import record_outcome

    with record_outcome("evaluate", test_metrics) as outcome:
        from pathlib import Path

        from viewfinder_components.evaluation.evaluate import EvaluationConfig, evaluate_model

        config = EvaluationConfig(
            model_root=model_root,
            model_name=model_name,
            min_accuracy=min_accuracy,
            min_balanced_accuracy=min_balanced_accuracy,
            max_ece=max_ece,
            allow_undecided=allow_undecided,
            confidence=confidence,
            max_megapixels=max_megapixels,
        )
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
