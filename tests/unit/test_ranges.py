"""A number that a step would not take is refused before the run, in the same words."""

from typing import Any

import pytest

from viewfinder_components.checking.config import CheckConfig
from viewfinder_components.errors import ParameterError
from viewfinder_components.parameters import read_parameters
from viewfinder_components.ranges import LARGEST_INTEGER, LARGEST_SEED, need_integer
from viewfinder_components.step import Step
from viewfinder_components.steps import STEPS
from viewfinder_components.training.config import TrainConfig
from viewfinder_pipelines.pipeline.registry import PIPELINES

NEEDED: dict[str, Any] = {
    "data": "photos",
    "model_root": "s3://bucket",
    "model_name": "m",
    "run_id": "",
    "output": "predictions.parquet",
    "shard": "1/2",
    "version_uri": "s3://bucket/m/1",
    "version_number": 1,
}
CONFIGS = list(
    dict.fromkeys(
        config
        for owner in (*STEPS.values(), *PIPELINES)
        for config in (owner.configs if isinstance(owner, Step) else owner.own)
    )
)


def _needed(config: type) -> dict[str, Any]:
    required = [one.name for one in read_parameters(config).values() if one.is_required]
    assert not {*required} - NEEDED.keys(), "add the new parameters to NEEDED"
    return {name: NEEDED[name] for name in required}


def _of_kind(kind: type) -> list[Any]:
    """Return every field of this type, with its step's configuration."""
    return [
        pytest.param(config, name, id=f"{config.__name__}.{name}")
        for config in CONFIGS
        for name, declared in read_parameters(config, internal=True).items()
        if declared.kind is kind
    ]


@pytest.mark.parametrize(("config", "name"), _of_kind(int))
@pytest.mark.parametrize("value", [-1, 1.5, 2**53 + 1, float("nan"), True, "1"])
def test_every_whole_number_of_every_step_has_a_range(config, name, value) -> None:
    given = {**_needed(config), name: value}
    with pytest.raises(
        ParameterError, match=rf"expected {name} to be a whole number (from \d+ to|of at)"
    ):
        config(**given)


@pytest.mark.parametrize(("config", "name"), _of_kind(float))
@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -float("inf"), -1.0, 1e308, True, "1"]
)
def test_every_number_of_every_step_has_a_range(config, name, value) -> None:
    given = {**_needed(config), name: value}
    said = rf"expected {name} to be a number (from \d.* to|above|of at)"
    with pytest.raises(ParameterError, match=said):
        config(**given)


def test_there_are_such_numbers() -> None:
    assert len(_of_kind(int)) > 20
    assert len(_of_kind(float)) > 10


@pytest.mark.parametrize("config", CONFIGS)
def test_every_default_is_in_its_range(config) -> None:
    """A dataclass does not look at its defaults by itself."""
    given = _needed(config)
    defaults = {
        name: declared.default
        for name, declared in read_parameters(config, internal=True).items()
        if not declared.is_required
    }
    assert config(**given, **defaults) == config(**given)


def test_the_ends_of_the_ranges() -> None:
    assert TrainConfig(epochs=LARGEST_INTEGER, seed=LARGEST_SEED).seed == LARGEST_SEED
    with pytest.raises(ParameterError, match="seed to be a whole number from 0 to 4294967295"):
        TrainConfig(seed=LARGEST_SEED + 1)
    assert CheckConfig(tolerance=0).tolerance == 0
    assert CheckConfig(tolerance=1).tolerance == 1
    with pytest.raises(ParameterError, match="max_p50_ms to be a number"):
        CheckConfig(max_p50_ms=0)
    need_integer("epochs", LARGEST_INTEGER, 1)
    with pytest.raises(ParameterError, match="received True"):
        need_integer("epochs", True, 0)


def test_the_largest_seed_trains() -> None:
    from viewfinder_components.tensorflow import keras

    keras.utils.set_random_seed(LARGEST_SEED)
