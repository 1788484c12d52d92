"""The pipelines of this project."""

from viewfinder_components.errors import UsageError
from viewfinder_components.parameters import configuration
from viewfinder_components.shared_parameters import DEFAULT_SEED, ModelName, ModelRoot, RunId, Seed
from viewfinder_components.steps import STEPS
from viewfinder_components.validation.config import PhotoSource
from viewfinder_pipelines.pipeline.definition import PipelineDefinition

RUN_ID = "[[RunUUID]]"
"""Kubeflow Pipelines replaces it with the run's own ID when the run starts, in every run of a
recurring one: what a run publishes names the run that made it."""
_DEFAULT_NAME = "classifier"


@configuration
class TrainingParameters:
    """The training pipeline's own parameters, and those whose defaults differ from the steps'.

    `model_root` is here only so that it is among the first.
    """

    model_root: ModelRoot
    model_name: ModelName = _DEFAULT_NAME
    run_id: RunId = RUN_ID
    """Name of the run in the manifest of the version it publishes; Kubeflow Pipelines replaces the
    default with the run's own ID."""
    seed: Seed = DEFAULT_SEED
    deploy: bool = True
    """Whether the published version is deployed as a KServe InferenceService."""


@configuration
class DeploymentParameters:
    """The parameters whose defaults differ from the steps', plus `model_root` among the first."""

    model_root: ModelRoot
    model_name: ModelName = _DEFAULT_NAME


@configuration
class BatchPredictionParameters:
    """The parameters whose defaults differ from the step's."""

    model_name: ModelName = _DEFAULT_NAME


TRAINING = PipelineDefinition(
    name="viewfinder-training",
    summary="The pipeline that `viewfinder run` runs, here or on Kubeflow Pipelines. On this "
    "machine, `model_root` and `checkpoint_root` are folders in `.viewfinder` by default, "
    "`run_id` is derived from the time, and `deploy` is `false`.",
    function="viewfinder_pipelines.pipeline.training:training_pipeline",
    steps=(
        STEPS["fingerprint"],
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
    not_exposed=frozenset({"photos_fingerprint", "version_uri", "version_number", "compare"}),
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
BATCH_PREDICTION = PipelineDefinition(
    name="viewfinder-batch-prediction",
    summary="The pipeline that classifies many photos with a published version "
    "([batch-prediction.md](batch-prediction.md#as-a-pipeline)). On this machine, `model_root` is "
    "a folder in `.viewfinder` by default.",
    function="viewfinder_pipelines.pipeline.batch_prediction:batch_prediction_pipeline",
    steps=(STEPS["divide"], STEPS["classify"], STEPS["predict"]),
    own=(BatchPredictionParameters,),
    not_exposed=frozenset({"job", "shard"}),
)
PIPELINES = (TRAINING, DEPLOYMENT, BATCH_PREDICTION)


def find_pipeline(label: str) -> PipelineDefinition:
    """Return a pipeline by its name for users.

    Raises:
        UsageError: There is none of that name.
    """
    for pipeline in PIPELINES:
        if pipeline.label == label:
            return pipeline
    known = ", ".join(pipeline.label for pipeline in PIPELINES)
    raise UsageError("the name of a pipeline", repr(label), f"choose one of {known}")


def pipeline_named(name: str) -> PipelineDefinition | None:
    """Return a pipeline by the name in its specification; None if there is none of that name."""
    return next((pipeline for pipeline in PIPELINES if pipeline.name == name), None)
