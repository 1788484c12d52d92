"""The export step's contract."""

from kfp import dsl

from viewfinder_components.export.config import STEP
from viewfinder_components.parameters import declares


@dsl.component(base_image=STEP.image, install_kfp_package=False)
@declares(*STEP.configs)
def export(
    model: dsl.Input[dsl.Model],
    evaluation: dsl.Input[dsl.Artifact],
    servable: dsl.Output[dsl.Model],
    servable_facts: dsl.Output[dsl.Metrics],
    model_name: str,
    run_id: str,
    tolerance: float,
    keep_test_photos: int,
    precision_served: str,
    drift_false_alarm_rate: float,
    calibration_photos: dsl.Input[dsl.Dataset] = None,
    reference_photos: dsl.Input[dsl.Dataset] = None,
) -> None:
    """Write the directory that TensorFlow Serving and the predictor load.

    Args:
        model: The model of the train step.
        evaluation: The evaluate step's metrics and sample photos.
        calibration_photos: The training photos that preprocess drew, with which an int8 model is
            calibrated; without them, there is none.
        reference_photos: The validation photos that preprocess drew, which the predictor compares
            photos with; without them, it notices no drift.
        servable: SavedModel, OpenVINO IR, labels, drift reference, model card, manifest.
        servable_facts: Files, size, and the largest difference from the evaluation.
    """
    arguments = locals()
    from viewfinder_components.outcome import record_outcome

    with record_outcome("export", servable_facts) as outcome:
        from pathlib import Path

        from viewfinder_components.export.config import ExportConfig
        from viewfinder_components.export.export import export_model
        from viewfinder_components.parameters import build_config

        config = build_config(ExportConfig, arguments)
        result = export_model(
            Path(model.path),
            Path(evaluation.path),
            Path(servable.path),
            config,
            calibration_photos and Path(calibration_photos.path),
            reference_photos and Path(reference_photos.path),
        )
        outcome.succeed(result.summary, result.seconds, result.metrics)
