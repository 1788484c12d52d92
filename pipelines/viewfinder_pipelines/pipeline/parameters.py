"""Look at a run's parameters before it begins: a mistake must not cost minutes of training."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from viewfinder_components.checking.config import CheckConfig
from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.errors import ParameterError
from viewfinder_components.evaluation.config import EvaluationConfig
from viewfinder_components.export.export import ExportConfig
from viewfinder_components.selection.select import SelectConfig
from viewfinder_components.storage.model_name import validate_model_name
from viewfinder_components.training.config import TrainConfig
from viewfinder_components.validation.config import ValidationConfig

_CONFIGS = (ValidationConfig, TrainConfig, EvaluationConfig, ExportConfig, CheckConfig)
_ANY_ROOT = "s3://bucket"
# The deploy step's own names of the pipeline's parameters that must say whose they are.
DEPLOY_PARAMETERS = {
    "predictor_service_account": "service_account",
    "predictor_runtime": "runtime",
    "predictor_cpu": "cpu",
    "predictor_memory": "memory",
    "kserve_mode": "mode",
    "deploy_timeout_seconds": "timeout_seconds",
}


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Hold the pipeline's parameters to what the steps will ask of them.

    Args:
        parameters: All of the pipeline's parameters, defaults included.

    Raises:
        UsageError: A value that a step would refuse.
    """
    for name, value in parameters.items():
        _need_utf8(name, value)
    _need_folder("checkpoint_root", parameters["checkpoint_root"])
    validate_model_name(parameters["model_name"])
    for config in _CONFIGS:
        config(**_those_of(config, parameters))
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
    renamed = {DEPLOY_PARAMETERS.get(name, name): value for name, value in parameters.items()}
    return DeployConfig(version_uri=uri, version_number=number, **_those_of(DeployConfig, renamed))


def to_select_config(parameters: Mapping[str, Any]) -> SelectConfig:
    """Return which version the parameters name.

    Raises:
        UsageError: A value is out of its range, or no pod can read the model root.
    """
    return SelectConfig(
        **{name: parameters[name] for name in ("model_root", "model_name", "version", "compare")}
    )


def _need_utf8(name: str, value: Any) -> None:
    """Refuse text that cannot be handed on: a file name in another encoding, a zero byte."""
    try:
        is_text = "\0" not in str(value).encode().decode()
    except UnicodeEncodeError:
        is_text = False
    if not is_text:
        raise ParameterError(name, "UTF-8 without zero bytes", value, "rename the file or folder")


def _need_folder(name: str, value: str) -> None:
    if "://" in value:
        raise ParameterError(
            name,
            "the path of a folder, or empty",
            value,
            "name a folder on a disk or on a mounted volume",
        )


def _those_of(config: type[Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(config)}
    return {name: value for name, value in parameters.items() if name in names}
