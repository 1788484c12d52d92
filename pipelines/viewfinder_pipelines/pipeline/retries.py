"""What Kubeflow Pipelines does when a step's pod ends before its time."""

from kfp import dsl


def retry(*tasks: dsl.PipelineTask) -> None:
    """Have a step's pod started again when it is killed.

    Kubeflow Pipelines 2.17 sets up Argo to retry nothing but that; an older one retries a step
    whatever it failed of, so the retries are few and soon. Waiting for a store or an API that is
    away is the step's own business.
    """
    for task in tasks:
        task.set_retry(num_retries=2, backoff_duration="5s", backoff_factor=1.0)
