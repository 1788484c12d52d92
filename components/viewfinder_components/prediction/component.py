"""The predict step's contract."""

from typing import NamedTuple

from kfp import dsl

from viewfinder_components.parameters import declares
from viewfinder_components.prediction.config import STEP


@dsl.component(base_image=STEP.image, install_kfp_package=False)
@declares(*STEP.configs)
def predict(
    data: str,
    model_root: str,
    model_name: str,
    output: str,
    prediction_counts: dsl.Output[dsl.Metrics],
    version: int,
    overwrite: bool,
) -> NamedTuple("Outputs", [("uri", str)]):  # type: ignore[valid-type]
    """Classify photos with a published version, and write a table with a row for each file.

    Args:
        prediction_counts: Number of files by status, and photos per second.

    Returns:
        uri: Where the predictions are.
    """
    arguments = locals()
    from viewfinder_components.outcome import record_outcome

    with record_outcome("predict", prediction_counts) as outcome:
        from viewfinder_components.parameters import build_config
        from viewfinder_components.prediction.config import PredictConfig
        from viewfinder_components.prediction.published import predict_with_version

        config = build_config(PredictConfig, arguments)
        result = predict_with_version(config)
        outcome.succeed(
            result.summary,
            {"classify": result.seconds},
            {**result.counts, "photos_per_second": result.rate},
            parameters={"uri": result.path},
        )
    return (result.path,)
