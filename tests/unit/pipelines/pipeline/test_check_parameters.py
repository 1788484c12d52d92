"""Where a run could publish a version that nothing can serve, it is refused before it begins."""

import pytest

from viewfinder_components.errors import UsageError
from viewfinder_pipelines.pipeline.parameters import check_parameters
from viewfinder_pipelines.pipeline.registry import TRAINING


def check(model_root: str, *, deploy: bool) -> None:
    given = {"data": "s3://photos", "model_root": model_root, "deploy": deploy}
    check_parameters(TRAINING, TRAINING.with_defaults(given))


@pytest.mark.parametrize("root", ["file:///srv/models", "/srv/models", "https://host/models"])
def test_a_root_that_no_pod_can_read(root: str) -> None:
    with pytest.raises(UsageError, match="publish to such a model_root"):
        check(root, deploy=True)
    check(root, deploy=False)


@pytest.mark.parametrize("root", ["s3://bucket", "minio://bucket/models/", "gs://b", "pvc://claim"])
def test_a_root_that_pods_can_read(root: str) -> None:
    check(root, deploy=True)
