"""The pipelines of this project."""

from collections.abc import Mapping
from typing import Any

from viewfinder_components.errors import UsageError
from viewfinder_components.parameters import configuration
from viewfinder_components.shared_parameters import ModelName, ModelRoot
from viewfinder_components.steps import STEPS
from viewfinder_components.validation.config import PhotoSource
from viewfinder_pipelines.pipeline.definition import PipelineDefinition

_DEFAULT_NAME = "classifier"


@configuration
class TrainingParameters:
    """What the training pipeline decides itself, or has another default for than its steps."""

    model_root: ModelRoot
    model_name: ModelName = _DEFAULT_NAME
    run_id: str = "[[RunUUID]]"
    """Name of the run in the manifest of what it publishes; Kubeflow Pipelines puts the run's own
    id in the default's place."""
    deploy: bool = True
    """Whether the published version is deployed as a KServe InferenceService."""


@configuration
class DeploymentParameters:
    """What the deployment pipeline has another default for than its steps."""

    model_root: ModelRoot
    model_name: ModelName = _DEFAULT_NAME


TRAINING = PipelineDefinition(
    name="viewfinder-training",
    function="viewfinder_pipelines.pipeline.training:training_pipeline",
    steps=(
        STEPS["validate"],
        STEPS["preprocess"],
        STEPS["train"],
        STEPS["evaluate"],
        STEPS["export"],
        STEPS["check"],
        STEPS["publish"],
        STEPS["deploy"],
    ),
    own=(PhotoSource, TrainingParameters),
    wired=frozenset({"version_uri", "version_number", "compare"}),
)
DEPLOYMENT = PipelineDefinition(
    name="viewfinder-deployment",
    function="viewfinder_pipelines.pipeline.deployment:deployment_pipeline",
    steps=(STEPS["select"], STEPS["deploy"]),
    own=(DeploymentParameters,),
    wired=frozenset({"version_uri", "version_number"}),
)
PIPELINES = (TRAINING, DEPLOYMENT)


def find_pipeline(label: str) -> PipelineDefinition:
    """Return a pipeline by what users call it.

    Raises:
        UsageError: There is none of that name.
    """
    for pipeline in PIPELINES:
        if pipeline.label == label:
            return pipeline
    known = " or ".join(pipeline.label for pipeline in PIPELINES)
    raise UsageError("the name of a pipeline", repr(label), f"choose {known}")


def pipeline_of(parameters: Mapping[str, Any]) -> PipelineDefinition:
    """Return which pipeline a run is of, by the parameters it was given: training needs `data`."""
    return TRAINING if "data" in parameters else DEPLOYMENT
