"""The pipeline that classifies many photos with a published version."""

from kfp import dsl

from viewfinder_components.prediction.component import classify, divide, predict
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
    """Divide the photos into shards, classify each on all cores of a pod, write one table.

    One shard is none: the loop is then over an empty list, and predict does all the work. The
    pipeline has no condition for that, because Kubeflow Pipelines skips what comes after a step
    that was skipped.
    """
    # None is cached: the results depend on what is published and where the photos are.
    divided = divide(**given.to(divide)).set_caching_options(False)
    job = divided.outputs["job"]
    with dsl.ParallelFor(divided.outputs["shards"]) as shard:
        classified = classify(shard=shard, job=job, **given.to(classify))
        classified.set_caching_options(False)
    predicted = predict(job=job, **given.to(predict)).after(classified)
    predicted.set_caching_options(False)
    retry(divided, classified, predicted)
