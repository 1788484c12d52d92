"""Which versions KServe can read, and by which URI."""

import pytest

from viewfinder_components.deployment.kserve.storage_uri import to_kserve_uri
from viewfinder_components.errors import PermanentError


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
    with pytest.raises(PermanentError, match="publish to such a model_root"):
        to_kserve_uri(uri)
