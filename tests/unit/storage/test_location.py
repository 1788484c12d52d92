import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.storage.location import Location


@pytest.mark.parametrize(
    ("uri", "location"),
    [
        ("gs://bucket/models", Location("gs", "bucket", "models")),
        ("GS://bucket", Location("gs", "bucket", "")),
        ("s3://my.bucket/a b/100%25/ü", Location("s3", "my.bucket", "a b/100%25/ü")),
        ("minio://mlpipeline/v2/artifacts", Location("s3", "mlpipeline", "v2/artifacts")),
        ("gs://under_score/x", Location("gs", "under_score", "x")),
    ],
)
def test_uris_name_a_bucket_and_a_key(uri: str, location: Location) -> None:
    assert Location.parse(uri) == location


@pytest.mark.parametrize(
    "uri",
    ["s3://", "s3:///key", "s3://ab/x", "s3://UPPER/x", "s3://under_score/x", "gs://-dash/x",
     "gs://a..b/x", "s3://user:secret@host/x", "s3://bucket?versionId=1/x", "gs://bucket#1",
     "s3://" + "b" * 64, "https://bucket/x", "bucket/x"],
)  # fmt: skip
def test_names_that_no_bucket_can_have_are_refused(uri: str) -> None:
    with pytest.raises(PermanentError, match=r"a bucket name|one of gs://"):
        Location.parse(uri)


def test_a_key_that_is_too_long_is_refused() -> None:
    with pytest.raises(PermanentError, match="at most 1024 bytes"):
        Location.parse("gs://bucket/" + "ü" * 600)


@pytest.mark.parametrize(
    "uri", ["s3://bucket/models/", "s3://bucket//models", "s3://bucket/models"]
)
def test_slashes_around_a_folder_do_not_matter(uri: str) -> None:
    assert Location.parse(uri).normalized() == Location("s3", "bucket", "models")


@pytest.mark.parametrize("key", ["a//b", "a/../b", "./a", ".."])
def test_folders_whose_name_readers_take_differently_are_refused(key: str) -> None:
    with pytest.raises(PermanentError, match="separated by single slashes"):
        Location.parse(f"s3://bucket/{key}").normalized()


def test_what_is_below_is_joined() -> None:
    root = Location.parse("s3://bucket")
    assert root.below("fruit", "1").uri == "s3://bucket/fruit/1"
    assert root.below("fruit").below("1").key == "fruit/1"
    assert root.uri == "s3://bucket"
