"""Check a run's parameters before it starts: a mistake must not cost minutes of training."""

from collections.abc import Mapping
from typing import Any

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.errors import ParameterError
from viewfinder_components.parameters import build_config, read_parameters
from viewfinder_components.selection.config import SelectConfig
from viewfinder_pipelines.pipeline.definition import PipelineDefinition

_ANY_VERSION = "s3://bucket/model/1"


def check_parameters(pipeline: PipelineDefinition, parameters: Mapping[str, Any]) -> None:
    """Check a pipeline's parameters against the requirements of the pipeline and its steps.

    Args:
        pipeline: The pipeline.
        parameters: All of its parameters, including defaults.

    Raises:
        UsageError: A value that a step would refuse.
    """
    for name, value in parameters.items():
        _need_utf8(name, value)
    for config in (*pipeline.own, *(one for step in pipeline.steps for one in step.configs)):
        needed = {n for n, one in read_parameters(config).items() if one.is_required}
        if not needed & pipeline.not_exposed:
            build_config(config, parameters)
    if "version_uri" in pipeline.not_exposed and {"model_root", "model_name"} <= parameters.keys():
        if parameters.get("deploy", True):
            root = str(parameters["model_root"]).rstrip("/")
            to_deploy_config(parameters, f"{root}/{parameters['model_name']}/1", 1)
        else:  # values are wrong even if nothing is deployed, as in a run on a laptop
            _build_deploy_config(parameters, _ANY_VERSION, 1)


def to_deploy_config(parameters: Mapping[str, Any], uri: str, number: int) -> DeployConfig:
    """Return how a pipeline's parameters deploy a version.

    Args:
        parameters: All of the pipeline's parameters, including defaults.
        uri: The version's URI.
        number: The version's number.

    Raises:
        UsageError: A value is out of range, or the target could not read such a version.
    """
    from viewfinder_components.deployment.targets import TARGETS

    config = _build_deploy_config(parameters, uri, number)
    TARGETS[config.target].need_servable(uri)
    return config


def _build_deploy_config(parameters: Mapping[str, Any], uri: str, number: int) -> DeployConfig:
    version = {"version_uri": uri, "version_number": number}
    return build_config(DeployConfig, {**parameters, **version})


def to_select_config(parameters: Mapping[str, Any]) -> SelectConfig:
    """Return which version the parameters name.

    Raises:
        UsageError: A value is out of range, or no pod can read the model root.
    """
    return build_config(SelectConfig, parameters)


def _need_utf8(name: str, value: Any) -> None:
    """Refuse text that cannot be passed on: a file name in another encoding, a zero byte."""
    try:
        is_text = "\0" not in str(value).encode().decode()
    except UnicodeEncodeError:
        is_text = False
    if not is_text:
        raise ParameterError(name, "UTF-8 without zero bytes", value, "rename the file or folder")
