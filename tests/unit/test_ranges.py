"""A number that a step would not take is refused before the run, in the same words."""

from dataclasses import fields
from typing import Any

import pytest

from viewfinder_components.checking.config import CheckConfig
from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.errors import PermanentError
from viewfinder_components.evaluation.config import EvaluationConfig
from viewfinder_components.export.export import ExportConfig
from viewfinder_components.preprocessing.write import PreprocessConfig
from viewfinder_components.ranges import (
    LARGEST_INTEGER,
    LARGEST_SEED,
    need_integer,
    need_number,
    need_seed,
)
from viewfinder_components.training.config import TrainConfig
from viewfinder_components.validation.config import ValidationConfig
from viewfinder_pipelines.pipeline.parameters import DEPLOY_PARAMETERS

NEEDED = {
    EvaluationConfig: {"model_root": "models", "model_name": "m"},
    ExportConfig: {"run_id": "", "model_name": "m"},
    DeployConfig: {"version_uri": "s3://bucket/m/1", "version_number": 1, "model_name": "m"},
}
CONFIGS = (
    ValidationConfig, PreprocessConfig, TrainConfig, EvaluationConfig, ExportConfig, CheckConfig,
    DeployConfig,
)  # fmt: skip


def _of_type(kind: type) -> list[Any]:
    """Return every parameter of this type, with its step's configuration."""
    return [
        pytest.param(config, field.name, id=f"{config.__name__}.{field.name}")
        for config in CONFIGS
        for field in fields(config)
        if field.type in (kind, kind.__name__)
    ]


@pytest.mark.parametrize(("config", "name"), _of_type(int))
@pytest.mark.parametrize("value", [-1, 1.5, 2**53 + 1, float("nan")])
def test_every_whole_number_of_every_step_has_a_range(config, name, value) -> None:
    given = {**NEEDED.get(config, {}), name: value}
    renamed = {v: k for k, v in DEPLOY_PARAMETERS.items()} if config is DeployConfig else {}
    told = renamed.get(name, name)  # as users write it
    with pytest.raises(PermanentError, match=rf"expected {told} to be a whole number from \d+ to"):
        config(**given)


@pytest.mark.parametrize(("config", "name"), _of_type(float))
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), -1.0, 1e308, True])
def test_every_number_of_every_step_has_a_range(config, name, value) -> None:
    given = {**NEEDED.get(config, {}), name: value}
    said = rf"expected {name} to be a number (from|above) \d.* (to|at most|below) \d"
    with pytest.raises(PermanentError, match=said):
        config(**given)


def test_every_step_has_such_numbers() -> None:
    assert {parameter.values[0] for parameter in _of_type(int)} == set(CONFIGS)


def test_the_ends_of_the_ranges() -> None:
    need_integer("epochs", LARGEST_INTEGER, 1)
    need_seed(LARGEST_SEED)
    need_seed(0)
    with pytest.raises(PermanentError, match="seed to be a whole number from 0 to 4294967295"):
        need_seed(LARGEST_SEED + 1)
    with pytest.raises(PermanentError, match="received True"):
        need_integer("epochs", True, 0)
    need_number("tolerance", 0, 0, 1)
    need_number("tolerance", 1, 0, 1)
    with pytest.raises(PermanentError, match="max_p50_ms to be a number above 0 and at most 1e"):
        need_number("max_p50_ms", 0, 0, above=True)


def test_the_largest_seed_trains() -> None:
    from viewfinder_components.training.tensorflow import keras

    keras.utils.set_random_seed(LARGEST_SEED)
