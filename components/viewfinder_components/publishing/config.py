"""User settings of the publish step."""

from viewfinder_components.parameters import configuration
from viewfinder_components.shared_parameters import ModelName, ModelRoot, RunId
from viewfinder_components.step import Role, Step


@configuration
class PublishConfig:
    """Where to publish, and what; a run that publishes again gets the same version."""

    model_root: ModelRoot
    model_name: ModelName
    run_id: RunId


STEP = Step("publish", (PublishConfig,), role=Role.VERSION)
