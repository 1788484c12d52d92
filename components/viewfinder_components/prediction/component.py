"""The contracts of the steps of batch prediction."""

from typing import List, NamedTuple  # noqa: UP035  (kfp knows no list[str])

from kfp import dsl

from viewfinder_components.parameters import declares
from viewfinder_components.prediction.config import CLASSIFY, DIVIDE, STEP


@dsl.component(base_image=DIVIDE.image, install_kfp_package=False)
@declares(*DIVIDE.configs)
def divide(
    data: str,
    model_root: str,
    model_name: str,
    output: str,
    file_count: dsl.Output[dsl.Metrics],
    version: int,
    overwrite: bool,
    shards: int,
) -> NamedTuple("Outputs", [("job", str), ("shards", List[str])]):  # type: ignore[valid-type]  # noqa: UP006
    """List photos, and divide them into shards that are classified at the same time.

    Args:
        file_count: Number of files and shards.

    Returns:
        job: What was divided, for the steps that work on it; empty if there is one shard.
        shards: The shards, such as `1/2` and `2/2`; empty if there is one shard.
    """
    arguments = locals()
    from viewfinder_components.outcome import record_outcome

    with record_outcome("divide", file_count) as outcome:
        from viewfinder_components.parameters import build_config
        from viewfinder_components.prediction.config import DivideConfig
        from viewfinder_components.prediction.published import divide_for_shards

        result = divide_for_shards(build_config(DivideConfig, arguments))
        outcome.succeed(
            result.summary,
            metrics=result.metrics,
            parameters={"job": result.job, "shards": list(result.shards)},
        )
    return (result.job, list(result.shards))


@dsl.component(base_image=CLASSIFY.image, install_kfp_package=False)
@declares(*CLASSIFY.configs)
def classify(
    model_root: str,
    model_name: str,
    output: str,
    shard: str,
    shard_counts: dsl.Output[dsl.Metrics],
    job: str,
) -> None:
    """Classify the photos of one shard with a published version.

    Args:
        shard_counts: Number of the shard's files by status, and photos per second.
    """
    arguments = locals()
    from viewfinder_components.outcome import record_outcome

    with record_outcome("classify", shard_counts) as outcome:
        from viewfinder_components.parameters import build_config
        from viewfinder_components.prediction.config import ClassifyConfig
        from viewfinder_components.prediction.published import classify_shard

        config = build_config(ClassifyConfig, arguments)
        result = classify_shard(config)
        outcome.succeed(
            f"shard {config.shard}: {result.summary}",
            {"classify": result.seconds},
            result.metrics,
        )


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
    job: str,
) -> NamedTuple("Outputs", [("uri", str)]):  # type: ignore[valid-type]
    """Classify photos with a published version, and write a table with a row for each file.

    What shards have classified is not classified again.

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
            result.metrics,
            parameters={"uri": result.path},
        )
    return (result.path,)
