"""The deploy step's contract."""

from typing import NamedTuple

from kfp import dsl

from viewfinder_components.image import STEPS_IMAGE


@dsl.component(base_image=STEPS_IMAGE, install_kfp_package=False)
def deploy(
    evaluation: dsl.Input[dsl.Artifact],
    deployment: dsl.Output[dsl.Artifact],
    deployment_metrics: dsl.Output[dsl.Metrics],
    version_uri: str,
    version_number: int,
    model_name: str,
    namespace: str = "",
    service_name: str = "",
    service_account: str = "viewfinder-predictor",
    runtime: str = "viewfinder-predictor",
    min_replicas: int = 1,
    max_replicas: int = 1,
    cpu: str = "1",
    memory: str = "512Mi",
    timeout_seconds: int = 600,
    tolerance: float = 0.02,
    adopt: bool = False,
    compare: bool = True,
    mode: str = "",
) -> NamedTuple("Outputs", [("endpoint", str)]):  # type: ignore[valid-type]
    """Put the published version behind a KServe InferenceService, and prove that it answers.

    Args:
        evaluation: The evaluate step's sample photos and their outputs.
        deployment: What was deployed, as `deployment.json`.
        deployment_metrics: Seconds, and the largest difference from the evaluation.
        version_uri: The version's URI, as publish returned it.
        version_number: The version's number.
        model_name: The model's name.
        namespace: Kubernetes namespace; empty for the run's own.
        service_name: Name of the InferenceService; empty for the model's name.
        service_account: ServiceAccount of the predictor's pods, with the storage's credentials.
        runtime: ServingRuntime that serves.
        min_replicas: Fewest pods.
        max_replicas: Most pods.
        cpu: Cores of a pod.
        memory: Memory of a pod.
        timeout_seconds: Longest time until the new version answers.
        tolerance: Largest difference of a served probability from the evaluation's, 0 to 1.
        adopt: Whether to take over a service that is not Viewfinder's.
        compare: Whether answers to test photos are compared with the evaluation's.
        mode: KServe's mode, `Standard` or `Knative`; empty for the service's own, and for a new
            service the cluster's.

    Returns:
        endpoint: The service's URL inside the cluster.
    """
    from viewfinder_components.outcome import record_outcome

    with record_outcome("deploy", deployment_metrics) as outcome:
        from pathlib import Path

        from viewfinder_components.deployment.config import DeployConfig
        from viewfinder_components.deployment.deploy import deploy_version

        config = DeployConfig(
            version_uri=version_uri,
            version_number=version_number,
            model_name=model_name,
            namespace=namespace,
            service_name=service_name,
            service_account=service_account,
            runtime=runtime,
            min_replicas=min_replicas,
            max_replicas=max_replicas,
            cpu=cpu,
            memory=memory,
            timeout_seconds=timeout_seconds,
            tolerance=tolerance,
            adopt=adopt,
            compare=compare,
            mode=mode,
        )
        result = deploy_version(Path(evaluation.path), Path(deployment.path), config)
        deployment.metadata.update(endpoint=result.endpoint)
        outcome.succeed(
            result.summary,
            result.seconds,
            result.scalars,
            parameters={"endpoint": result.endpoint},
            metadata={"deployment": deployment.metadata},
        )
    return (result.endpoint,)
