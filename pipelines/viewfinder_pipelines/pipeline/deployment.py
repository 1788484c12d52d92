"""The pipeline that deploys a previously published version."""

from kfp import dsl

from viewfinder_components.deployment.component import deploy
from viewfinder_components.selection.component import select
from viewfinder_pipelines.pipeline.parameter_passing import Given, with_parameters
from viewfinder_pipelines.pipeline.registry import DEPLOYMENT
from viewfinder_pipelines.pipeline.retries import retry


@dsl.pipeline(
    name=DEPLOYMENT.name,
    display_name=DEPLOYMENT.title,
    description="A published version of an image classifier behind a KServe InferenceService.",
)
@with_parameters(DEPLOYMENT)
def deployment_pipeline(given: Given) -> None:
    """Find the version and its test photos, deploy it and compare its answers."""
    # Neither is cached: the results depend on what is currently published and deployed.
    selected = select(**given.to(select)).set_caching_options(False)
    deployed = deploy(
        evaluation=selected.outputs["kept_evaluation"],
        version_uri=selected.outputs["uri"],
        version_number=selected.outputs["number"],
        **given.to(deploy),
    ).set_caching_options(False)
    retry(selected, deployed)
