"""What Kubeflow Pipelines does if a step's pod is ended early."""

from kfp import dsl


def retry(*tasks: dsl.PipelineTask) -> None:
    """Make Kubeflow Pipelines restart a step's pod if it is killed.

    Kubeflow Pipelines 2.17 makes Argo retry only in that case; older versions retry a step whatever
    the failure, so retries are few and quick. Waiting for an unavailable store or API is up to the
    step itself.
    """
    for task in tasks:
        task.set_retry(num_retries=2, backoff_duration="5s", backoff_factor=1.0)
