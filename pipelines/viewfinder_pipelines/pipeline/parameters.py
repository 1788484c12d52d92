"""Look at a run's parameters before it begins: a mistake must not cost minutes of training."""

from collections.abc import Mapping
from typing import Any

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.errors import ParameterError
from viewfinder_components.parameters import build_config, read_parameters
from viewfinder_components.selection.config import SelectConfig
from viewfinder_pipelines.pipeline.registry import TRAINING

_ANY_ROOT = "s3://bucket"


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Hold the training pipeline's parameters to what the steps will ask of them.

    Args:
        parameters: All of the pipeline's parameters, defaults included.

    Raises:
        UsageError: A value that a step would refuse.
    """
    for name, value in parameters.items():
        _need_utf8(name, value)
    for step in TRAINING.steps:
        for config in step.configs:
            needed = {n for n, one in read_parameters(config).items() if one.is_required}
            if not needed & TRAINING.not_exposed:
                build_config(config, parameters)
    # Those of the deploy step are wrong even where nothing is deployed, as in a run on a laptop.
    root = str(parameters["model_root"]).rstrip("/") if parameters["deploy"] else _ANY_ROOT
    to_deploy_config(parameters, f"{root}/{parameters['model_name']}/1", 1)


def to_deploy_config(parameters: Mapping[str, Any], uri: str, number: int) -> DeployConfig:
    """Return how a version is deployed by a pipeline's parameters.

    Args:
        parameters: All of the pipeline's parameters, defaults included.
        uri: The version's URI.
        number: The version's number.

    Raises:
        UsageError: A value is out of its range.
    """
    version = {"version_uri": uri, "version_number": number}
    return build_config(DeployConfig, {**parameters, **version})


def to_select_config(parameters: Mapping[str, Any]) -> SelectConfig:
    """Return which version the parameters name.

    Raises:
        UsageError: A value is out of its range, or no pod can read the model root.
    """
    return build_config(SelectConfig, parameters)


def _need_utf8(name: str, value: Any) -> None:
    """Refuse text that cannot be handed on: a file name in another encoding, a zero byte."""
    try:
        is_text = "\0" not in str(value).encode().decode()
    except UnicodeEncodeError:
        is_text = False
    if not is_text:
        raise ParameterError(name, "UTF-8 without zero bytes", value, "rename the file or folder")
