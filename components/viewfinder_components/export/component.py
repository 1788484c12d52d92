"""The export step's contract."""

from kfp import dsl

from viewfinder_components.image import STEPS_IMAGE


@dsl.component(base_image=STEPS_IMAGE, install_kfp_package=False)
def export(
    model: dsl.Input[dsl.Model],
    evaluation: dsl.Input[dsl.Artifact],
    servable: dsl.Output[dsl.Model],
    servable_facts: dsl.Output[dsl.Metrics],
    model_name: str,
    run_id: str,
    tolerance: float = 0.02,
    keep_test_photos: int = 8,
) -> None:
    """Write the directory that TensorFlow Serving and the predictor load.

    Args:
        model: The model of the train step.
        evaluation: The evaluate step's metrics and sample photos.
        servable: SavedModel, OpenVINO IR, labels, model card, manifest.
        servable_facts: Files, size, and the largest difference from the evaluation.
        model_name: The name under which the model is published.
        run_id: The run that made the model, for the manifest.
        tolerance: Largest difference of a probability from the evaluation's, 0 to 1.
        keep_test_photos: Most test photos kept for later deployments; 0 keeps none.
    """
    from viewfinder_components.outcome import record_outcome

    with record_outcome("export", servable_facts) as outcome:
        from pathlib import Path

        from viewfinder_components.export.export import ExportConfig, export_model

        config = ExportConfig(
            run_id=run_id,
            model_name=model_name,
            tolerance=tolerance,
            keep_test_photos=keep_test_photos,
        )
        result = export_model(Path(model.path), Path(evaluation.path), Path(servable.path), config)
        outcome.succeed(result.summary, result.seconds, result.metrics)
