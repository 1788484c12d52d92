"""The pipelines of this project."""

from collections.abc import Mapping
from typing import Any

from viewfinder_components.errors import UsageError
from viewfinder_components.parameters import configuration
from viewfinder_components.shared_parameters import DEFAULT_SEED, ModelName, ModelRoot, RunId, Seed
from viewfinder_components.steps import STEPS
from viewfinder_components.validation.config import PhotoSource
from viewfinder_pipelines.pipeline.definition import PipelineDefinition

RUN_ID = "[[RunUUID]]"
"""Kubeflow Pipelines puts the run's own id in its place when the run begins, in every run of a
recurring one: what a run publishes names the run that made it."""
_DEFAULT_NAME = "classifier"


@configuration
class TrainingParameters:
    """The training pipeline's own parameters, and those whose defaults differ from the steps'.

    `model_root` is here for its place among the first.
    """

    model_root: ModelRoot
    model_name: ModelName = _DEFAULT_NAME
    run_id: RunId = RUN_ID
    """The run's name in the manifest of what it publishes; Kubeflow Pipelines puts the run's own id
    in the default's place."""
    seed: Seed = DEFAULT_SEED
    deploy: bool = True
    """Whether the published version is deployed as a KServe InferenceService."""


@configuration
class DeploymentParameters:
    """The parameters whose defaults differ from the steps'; `model_root` is here for its place."""

    model_root: ModelRoot
    model_name: ModelName = _DEFAULT_NAME


TRAINING = PipelineDefinition(
    name="viewfinder-training",
    summary="The pipeline that `viewfinder run` runs, here or on Kubeflow Pipelines. On this "
    "machine, `model_root` and `checkpoint_root` are folders in `.viewfinder` by default, "
    "`run_id` is made of the time, and `deploy` is `false`.",
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
    gated="export",
    not_exposed=frozenset({"version_uri", "version_number", "compare"}),
)
DEPLOYMENT = PipelineDefinition(
    name="viewfinder-deployment",
    summary="The pipeline that `viewfinder deploy` runs. The command takes `model_name` and "
    "`version` as `MODEL/NUMBER`.",
    function="viewfinder_pipelines.pipeline.deployment:deployment_pipeline",
    steps=(STEPS["select"], STEPS["deploy"]),
    own=(DeploymentParameters,),
    not_exposed=frozenset({"version_uri", "version_number"}),
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
    known = ", ".join(pipeline.label for pipeline in PIPELINES)
    raise UsageError("the name of a pipeline", repr(label), f"choose one of {known}")


def pipeline_of(workflow: str, parameters: Mapping[str, Any]) -> PipelineDefinition | None:
    """Return which pipeline a run on Kubeflow is of; None for one that is not this project's.

    Args:
        workflow: The name of its workflow: the pipeline's and a random ending. That of a scheduled
            run is made of the schedule's, and may be gone; then the parameters decide.
        parameters: What the run was given.
    """
    name, given = workflow.rpartition("-")[0], parameters.keys()
    for pipeline in PIPELINES:
        if pipeline.name == name:
            return pipeline
    for pipeline in PIPELINES:
        known = pipeline.parameters
        if {one.name for one in known.values() if one.is_required} <= given <= known.keys():
            return pipeline
    return None
