"""The check step's contract."""

from kfp import dsl

from viewfinder_components.checking.config import STEP
from viewfinder_components.parameters import declares


# The predictor's own image: what is checked is what will serve. It contains kfp's executor (a few
# pure Python modules) but neither TensorFlow nor the rest of the steps' requirements.
@dsl.component(base_image=STEP.image, install_kfp_package=False)
@declares(*STEP.configs)
def check(
    servable: dsl.Input[dsl.Model],
    evaluation: dsl.Input[dsl.Artifact],
    verdict: dsl.Output[dsl.Artifact],
    latency_and_memory: dsl.Output[dsl.Metrics],
    tolerance: float,
    max_p50_ms: float,
    max_p99_ms: float,
    max_memory_mb: float,
    max_start_seconds: float,
    precision_served: str,
    max_accuracy_drop: float,
    min_agreement: float,
    confidence: float,
    test_photos: dsl.Input[dsl.Dataset] = None,
) -> None:
    """Start the predictor that will serve the model, and compare it with the evaluation's outputs.

    Args:
        servable: The directory of the export step.
        evaluation: The evaluate step's sample photos and their outputs.
        test_photos: The test photos that preprocess drew, which prove precisions below f32;
            without them, f32 is served.
        verdict: Every check with its value and limit, and the precision that is served.
        latency_and_memory: Latency, memory and the largest difference.
    """
    arguments = locals()
    from viewfinder_components.outcome import record_outcome

    with record_outcome("check", latency_and_memory) as outcome:
        from pathlib import Path

        from viewfinder_components.checking.check import check_servable
        from viewfinder_components.checking.config import CheckConfig
        from viewfinder_components.parameters import build_config

        config = build_config(CheckConfig, arguments)
        result = check_servable(
            Path(servable.path),
            Path(evaluation.path),
            Path(verdict.path),
            config,
            test_dir=test_photos and Path(test_photos.path),
        )
        outcome.succeed(result.summary, result.seconds, result.scalars)
