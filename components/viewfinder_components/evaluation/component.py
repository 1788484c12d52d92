"""The evaluate step's contract."""

from kfp import dsl

from viewfinder_components.image import STEPS_IMAGE


@dsl.component(base_image=STEPS_IMAGE, install_kfp_package=False)
def evaluate(
    model: dsl.Input[dsl.Model],
    index: dsl.Input[dsl.Dataset],
    shards: dsl.Input[dsl.Dataset],
    evaluation: dsl.Output[dsl.Artifact],
    metrics: dsl.Output[dsl.Metrics],
    test_classification: dsl.Output[dsl.ClassificationMetrics],
    report: dsl.Output[dsl.HTML],
    model_root: str,
    model_name: str,
    min_accuracy: float = 0.0,
    min_balanced_accuracy: float = 0.0,
    max_ece: float = 1.0,
    confidence: float = 0.95,
    max_megapixels: float = 100.0,
) -> bool:
    """Score the model on the test photos, beside the champion, and decide.

    Args:
        model: The model of the train step.
        index: The index of the validate step.
        shards: The shards of the preprocess step.
        evaluation: Every metric, every prediction, and sample photos for the later steps.
        metrics: The scalar metrics.
        test_classification: Confusion matrix and micro-averaged one-against-the-rest ROC. Its name
            is the last by the alphabet: Kubeflow's log of the outputs is cut off after 15,000
            characters, and this one alone may be longer.
        report: The run's main page.
        model_root: Where versions are published; the champion is its newest one.
        model_name: The model's name below the root.
        min_accuracy: Least accuracy on the test photos, 0 to 1.
        min_balanced_accuracy: Least mean of the classes' recalls, 0 to 1.
        max_ece: Largest expected calibration error, 0 to 1.
        confidence: Level of the intervals, and of "not worse than the champion".
        max_megapixels: Larger pictures are not decoded again for a champion of another size.

    Returns:
        Whether the model may be published; why is in the metadata of `evaluation`. The one
        output that kfp.local can hold a condition against is this one, called `Output`.
    """
    import logging
    from pathlib import Path

    from viewfinder_components.evaluation.evaluate import EvaluationConfig, evaluate_model

    config = EvaluationConfig(
        model_root=model_root,
        model_name=model_name,
        min_accuracy=min_accuracy,
        min_balanced_accuracy=min_balanced_accuracy,
        max_ece=max_ece,
        confidence=confidence,
        max_megapixels=max_megapixels,
    )
    result = evaluate_model(
        Path(model.path),
        Path(index.path),
        Path(shards.path),
        Path(evaluation.path),
        Path(report.path),
        config,
    )
    evaluation.metadata.update(seconds=result.seconds, decision=result.decision)
    metrics.metadata.update(result.scalars)
    test_classification.log_confusion_matrix(*result.confusion_matrix)
    test_classification.log_roc_curve(*result.roc_curve)
    logging.info("evaluate: %s", result.summary)
    return result.accepted
