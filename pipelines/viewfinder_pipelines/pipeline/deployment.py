"""The pipeline that deploys a version which was published before."""

from kfp import dsl

from viewfinder_components.deployment.component import deploy
from viewfinder_components.selection.component import select
from viewfinder_pipelines.pipeline.retries import retry


@dsl.pipeline(
    name="viewfinder-deployment",
    display_name="Viewfinder deployment",
    description="A published version of an image classifier behind a KServe InferenceService.",
)
def deployment_pipeline(
    model_root: str,
    model_name: str = "classifier",
    version: int = 0,
    compare: bool = True,
    tolerance: float = 0.02,
    namespace: str = "",
    service_name: str = "",
    min_replicas: int = 1,
    max_replicas: int = 1,
    predictor_service_account: str = "viewfinder-predictor",
    predictor_runtime: str = "viewfinder-predictor",
    predictor_cpu: str = "1",
    predictor_memory: str = "512Mi",
    kserve_mode: str = "",
    deploy_timeout_seconds: int = 600,
    adopt: bool = False,
) -> None:
    """Find the version and its test photos, deploy it and compare its answers.

    Args:
        model_root: Where versions are published, such as `s3://models`.
        model_name: The model's name below the root.
        version: The version's number; 0 for the newest.
        compare: Whether the answers to the test photos kept with the version are compared with the
            evaluation's.
        tolerance: Largest difference of a served probability from the evaluation's, 0 to 1.
        namespace: Kubernetes namespace of the service; empty for the run's own.
        service_name: Name of the service; empty for the model's name.
        min_replicas: Least number of predictor pods.
        max_replicas: Largest number of predictor pods.
        predictor_service_account: Service account of the predictor's pods, with the storage's
            credentials.
        predictor_runtime: Name of the ServingRuntime.
        predictor_cpu: Cores of a predictor pod.
        predictor_memory: Memory of a predictor pod.
        kserve_mode: KServe's mode, `Standard` or `Knative`; empty for the service's current mode,
            or the cluster's default for a new service.
        deploy_timeout_seconds: Longest time until the new version serves, in seconds.
        adopt: Whether to take over a service that Viewfinder does not manage.
    """
    # Neither is cached: what is published and what serves today lies outside the pipeline.
    selected = select(
        model_root=model_root, model_name=model_name, version=version, compare=compare
    ).set_caching_options(False)
    deployed = deploy(
        evaluation=selected.outputs["kept_evaluation"],
        version_uri=selected.outputs["uri"],
        version_number=selected.outputs["number"],
        model_name=model_name,
        namespace=namespace,
        service_name=service_name,
        service_account=predictor_service_account,
        runtime=predictor_runtime,
        min_replicas=min_replicas,
        max_replicas=max_replicas,
        cpu=predictor_cpu,
        memory=predictor_memory,
        timeout_seconds=deploy_timeout_seconds,
        tolerance=tolerance,
        adopt=adopt,
        compare=compare,
        mode=kserve_mode,
    ).set_caching_options(False)
    retry(selected, deployed)
