"""What a user may ask of a deployment."""

from typing import Any

import pytest

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.kserve_version import Mode
from viewfinder_components.deployment.storage_uri import to_kserve_uri
from viewfinder_components.errors import ParameterError, PermanentError

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
        {"version_uri": "file:///models/fruit/3"},
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


@pytest.mark.parametrize(
    ("published", "served"),
    [
        ("s3://bucket/models/fruit/3", "s3://bucket/models/fruit/3/"),
        ("s3://bucket/models/fruit/3/", "s3://bucket/models/fruit/3/"),
        ("minio://mlpipeline/v2/fruit/3", "s3://mlpipeline/v2/fruit/3/"),
        ("gs://bucket/models with space/3", "gs://bucket/models with space/3/"),
        ("pvc://claim/models/fruit/3", "pvc://claim/models/fruit/3"),
    ],
)
def test_kserve_finds_the_version(published: str, served: str) -> None:
    assert to_kserve_uri(published) == served


@pytest.mark.parametrize(
    "uri", ["", "/models/3", "file:///models/3", "s3://bucket", "s3:///3", "ftp://host/3", "S3"]
)
def test_what_no_pod_can_read_is_refused(uri: str) -> None:
    with pytest.raises(PermanentError, match="publish with a model_root"):
        to_kserve_uri(uri)


@pytest.mark.parametrize("mode", ["", *(mode.value for mode in Mode)])
def test_every_mode_of_kserve_is_taken(mode: str) -> None:
    assert DeployConfig(**GOOD, kserve_mode=mode).kserve_mode == mode


def test_kserves_former_words_are_translated() -> None:
    with pytest.raises(ParameterError, match="set Standard for what KServe called RawDeployment"):
        DeployConfig(**GOOD, kserve_mode="RawDeployment")
