"""Look at a run's parameters before it begins: a mistake must not cost minutes of training."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from viewfinder_components.checking.check import CheckConfig
from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.evaluation.config import EvaluationConfig
from viewfinder_components.storage.model_name import validate_model_name
from viewfinder_components.training.config import TrainConfig
from viewfinder_components.validation.config import ValidationConfig

_CONFIGS = (ValidationConfig, TrainConfig, EvaluationConfig, CheckConfig)
# The deploy step's own names of the pipeline's parameters that must say whose they are.
DEPLOY_PARAMETERS = {
    "predictor_service_account": "service_account",
    "predictor_runtime": "runtime",
    "predictor_cpu": "cpu",
    "predictor_memory": "memory",
    "deploy_timeout_seconds": "timeout_seconds",
}


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Hold the pipeline's parameters to what the steps will ask of them.

    Args:
        parameters: All of the pipeline's parameters, defaults included.

    Raises:
        PermanentError: A value that a step would refuse.
    """
    validate_model_name(parameters["model_name"])
    for config in _CONFIGS:
        config(**_those_of(config, parameters))
    if parameters["deploy"]:
        renamed = {DEPLOY_PARAMETERS.get(name, name): v for name, v in parameters.items()}
        version_uri = f"{str(parameters['model_root']).rstrip('/')}/{parameters['model_name']}/1"
        DeployConfig(version_uri=version_uri, version_number=1, **_those_of(DeployConfig, renamed))


def _those_of(config: type[Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(config)}
    return {name: value for name, value in parameters.items() if name in names}
