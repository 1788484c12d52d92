"""What a user may ask of a deployment."""

from pathlib import Path
from typing import Any

import pytest

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.deploy import deploy_version
from viewfinder_components.deployment.kserve.kserve_version import Mode
from viewfinder_components.errors import ParameterError, PermanentError, UsageError

GOOD: dict[str, Any] = {
    "version_uri": "s3://bucket/models/fruit/3",
    "version_number": 3,
    "model_name": "fruit",
}


def test_the_service_is_called_like_the_model_unless_told() -> None:
    assert DeployConfig(**GOOD).name == "fruit"
    assert DeployConfig(**GOOD, service_name="oranges").name == "oranges"


@pytest.mark.parametrize(
    "values",
    [
        {"version_number": 0},
        {"model_name": "Fruit Salad"},
        {"service_name": "-"},
        {"namespace": "Not Mine"},
        {"namespace": "a" * 64},
        {"predictor_service_account": "no/body"},
        {"predictor_runtime": ""},
        {"min_replicas": -1},
        {"max_replicas": 0},
        {"min_replicas": 3, "max_replicas": 2},
        {"predictor_cpu": "much"},
        {"predictor_cpu": "0"},
        {"predictor_cpu": "-1"},
        {"predictor_memory": "512 MB"},
        {"predictor_memory": ""},
        {"deploy_timeout_seconds": 0},
        {"patience_seconds": -1},
        {"tolerance": float("nan")},
        {"tolerance": 1.5},
    ],
)
def test_values_out_of_range_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(PermanentError, match=r"expected .*, received .*; "):
        DeployConfig(**(GOOD | values))


@pytest.mark.parametrize("quantity", ["1", "500m", "0.5", "1.5Gi", "2G", "400Mi"])
def test_kubernetes_quantities_are_taken(quantity: str) -> None:
    assert (
        DeployConfig(**GOOD, predictor_cpu=quantity, predictor_memory=quantity).predictor_cpu
        == quantity
    )


@pytest.mark.parametrize("mode", ["", *(mode.value for mode in Mode)])
def test_every_mode_of_kserve_is_taken(mode: str) -> None:
    assert DeployConfig(**GOOD, kserve_mode=mode).kserve_mode == mode


def test_kserves_former_words_are_translated() -> None:
    with pytest.raises(ParameterError, match="set Standard for what KServe called RawDeployment"):
        DeployConfig(**GOOD, kserve_mode="RawDeployment")


def test_a_version_that_the_target_cannot_read_is_refused_before_anything_else(
    tmp_path: Path,
) -> None:
    """The configuration itself knows no target's URIs."""
    config = DeployConfig(**(GOOD | {"version_uri": "file:///models/fruit/3"}))
    with pytest.raises(UsageError, match="publish to such a model_root"):
        deploy_version(tmp_path / "no evaluation", tmp_path / "record", config)
    assert list(tmp_path.iterdir()) == []
