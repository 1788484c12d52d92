"""Look at a run's parameters before it begins: a mistake must not cost minutes of training."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from viewfinder_components.checking.check import CheckConfig
from viewfinder_components.evaluation.config import EvaluationConfig
from viewfinder_components.storage.model_name import validate_model_name
from viewfinder_components.storage.store import open_store
from viewfinder_components.training.config import TrainConfig
from viewfinder_components.validation.config import ValidationConfig

_CONFIGS = (ValidationConfig, TrainConfig, EvaluationConfig, CheckConfig)


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Hold the pipeline's parameters to what the steps will ask of them.

    Args:
        parameters: All of the pipeline's parameters, defaults included.

    Raises:
        PermanentError: A value that a step would refuse.
    """
    open_store(parameters["model_root"])
    validate_model_name(parameters["model_name"])
    for config in _CONFIGS:
        names = {field.name for field in fields(config)}
        config(**{name: value for name, value in parameters.items() if name in names})
