"""The pipeline that classifies many photos with a published version."""

from kfp import dsl

from viewfinder_components.prediction.component import predict
from viewfinder_pipelines.pipeline.parameter_passing import Given, with_parameters
from viewfinder_pipelines.pipeline.registry import BATCH_PREDICTION
from viewfinder_pipelines.pipeline.retries import retry


@dsl.pipeline(
    name=BATCH_PREDICTION.name,
    display_name=BATCH_PREDICTION.title,
    description="Classify photos with a published version, and write a table of the predictions.",
)
@with_parameters(BATCH_PREDICTION)
def batch_prediction_pipeline(given: Given) -> None:
    """Classify the photos on all cores of one pod."""
    # Not cached: the result depends on what is published and where the photos are.
    retry(predict(**given.to(predict)).set_caching_options(False))
