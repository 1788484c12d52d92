"""The deploy step's contract."""

from typing import NamedTuple

from kfp import dsl

from viewfinder_components.deployment.config import STEP
from viewfinder_components.parameters import declares


@dsl.component(base_image=STEP.image, install_kfp_package=False)
@declares(*STEP.configs)
def deploy(
    evaluation: dsl.Input[dsl.Artifact],
    deployment: dsl.Output[dsl.Artifact],
    deployment_metrics: dsl.Output[dsl.Metrics],
    version_uri: str,
    version_number: int,
    model_name: str,
    namespace: str,
    service_name: str,
    predictor_service_account: str,
    predictor_runtime: str,
    min_replicas: int,
    max_replicas: int,
    predictor_cpu: str,
    predictor_memory: str,
    deploy_timeout_seconds: int,
    tolerance: float,
    adopt: bool,
    compare: bool,
    kserve_mode: str,
) -> NamedTuple("Outputs", [("endpoint", str)]):  # type: ignore[valid-type]
    """Put the published version behind a KServe InferenceService, and prove that it answers.

    Args:
        evaluation: The evaluate step's sample photos and their outputs.
        deployment: What was deployed, as `deployment.json`.
        deployment_metrics: Seconds, and the largest difference from the evaluation.

    Returns:
        endpoint: The service's URL inside the cluster.
    """
    arguments = locals()
    from viewfinder_components.outcome import record_outcome

    with record_outcome("deploy", deployment_metrics) as outcome:
        from pathlib import Path

        from viewfinder_components.deployment.config import DeployConfig
        from viewfinder_components.deployment.deploy import deploy_version
        from viewfinder_components.parameters import build_config

        config = build_config(DeployConfig, arguments)
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
