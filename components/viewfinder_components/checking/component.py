"""The check step's contract."""

from kfp import dsl

from viewfinder_components.image import PREDICTOR_IMAGE


# The predictor's own image: what is checked is what will serve. It holds kfp's executor (a few
# pure Python modules) but neither TensorFlow nor the rest of the steps' requirements.
@dsl.component(base_image=PREDICTOR_IMAGE, install_kfp_package=False)
def check(
    servable: dsl.Input[dsl.Model],
    evaluation: dsl.Input[dsl.Artifact],
    verdict: dsl.Output[dsl.Artifact],
    latency_and_memory: dsl.Output[dsl.Metrics],
    tolerance: float = 0.02,
    requests: int = 100,
    max_p50_ms: float = 500.0,
    max_p99_ms: float = 1000.0,
    max_memory_mb: float = 512.0,
    max_start_seconds: float = 60.0,
) -> None:
    """Start the predictor that will serve the model, and hold it to the evaluation's outputs.

    Args:
        servable: The directory of the export step.
        evaluation: The evaluate step's sample photos and their outputs.
        verdict: Every check with its value and limit.
        latency_and_memory: Latency, memory and the largest difference.
        tolerance: Largest difference of a probability from the evaluation's, 0 to 1.
        requests: Requests of the latency measurement.
        max_p50_ms: Limit of the median latency, in milliseconds.
        max_p99_ms: Limit of the 99th percentile of latency, in milliseconds.
        max_memory_mb: Limit of the predictor's resident memory, in MB.
        max_start_seconds: Limit from start to ready, in seconds.
    """
    from viewfinder_components.outcome import record_outcome

    with record_outcome("check", latency_and_memory) as outcome:
        from pathlib import Path

        from viewfinder_components.checking.check import check_servable
        from viewfinder_components.checking.config import CheckConfig

        config = CheckConfig(
            tolerance=tolerance,
            requests=requests,
            max_p50_ms=max_p50_ms,
            max_p99_ms=max_p99_ms,
            max_memory_mb=max_memory_mb,
            max_start_seconds=max_start_seconds,
        )
        result = check_servable(
            Path(servable.path), Path(evaluation.path), Path(verdict.path), config
        )
        outcome.succeed(result.summary, result.seconds, result.scalars)
