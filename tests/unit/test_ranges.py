"""A whole number that a step would not take is refused before the run, in the same words."""

from dataclasses import fields

import pytest

from viewfinder_components.checking.config import CheckConfig
from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.errors import PermanentError
from viewfinder_components.evaluation.config import EvaluationConfig
from viewfinder_components.preprocessing.write import PreprocessConfig
from viewfinder_components.ranges import LARGEST_INTEGER, LARGEST_SEED, need_integer, need_seed
from viewfinder_components.training.config import TrainConfig
from viewfinder_components.validation.config import ValidationConfig

NEEDED = {
    EvaluationConfig: {"model_root": "models", "model_name": "m"},
    DeployConfig: {"version_uri": "s3://bucket/m/1", "version_number": 1, "model_name": "m"},
}
CONFIGS = (
    ValidationConfig, PreprocessConfig, TrainConfig, EvaluationConfig, CheckConfig, DeployConfig,
)  # fmt: skip
NUMBERS = [
    (config, field.name)
    for config in CONFIGS
    for field in fields(config)
    if field.type in (int, "int")
]


@pytest.mark.parametrize(
    ("config", "name"), NUMBERS, ids=[f"{config.__name__}.{name}" for config, name in NUMBERS]
)
@pytest.mark.parametrize("value", [-1, 1.5, 2**53 + 1, float("nan")])
def test_every_whole_number_of_every_step_has_a_range(config, name, value) -> None:
    given = {**NEEDED.get(config, {}), name: value}
    with pytest.raises(PermanentError, match=rf"expected {name} to be a whole number from \d+ to"):
        config(**given)


def test_every_step_has_such_numbers() -> None:
    assert {config for config, _ in NUMBERS} == set(CONFIGS)


def test_the_ends_of_the_ranges() -> None:
    need_integer("epochs", LARGEST_INTEGER, 1)
    need_seed(LARGEST_SEED)
    need_seed(0)
    with pytest.raises(PermanentError, match="seed to be a whole number from 0 to 4294967295"):
        need_seed(LARGEST_SEED + 1)
    with pytest.raises(PermanentError, match="received True"):
        need_integer("epochs", True, 0)


def test_the_largest_seed_trains() -> None:
    from viewfinder_components.training.tensorflow import keras

    keras.utils.set_random_seed(LARGEST_SEED)
