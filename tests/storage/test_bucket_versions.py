"""Publishing into buckets: what holds for a model root on a disk holds there."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.publishing.config import PublishConfig
from viewfinder_components.publishing.publish import publish_version
from viewfinder_components.storage.bucket_store import BucketStore
from viewfinder_components.storage.contents import Contents
from viewfinder_components.storage.listing import list_objects
from viewfinder_components.storage.location import Location
from viewfinder_components.storage.store import open_store

MakeServable = Callable[..., Path]


def store_of(root: str) -> BucketStore:
    store = open_store(root)
    assert isinstance(store, BucketStore)
    return store


def keys(root: str) -> list[str]:
    """What lies below a root, without the root."""
    place = Location.parse(root)
    prefix = f"{place.key}/"
    found = list_objects(store_of(root).client, prefix)
    return [entry.name.removeprefix(prefix) for entry in found]


def publish(root: str, servable: Path) -> int:
    return publish_version(servable, PublishConfig(root, "fruit", servable.name)).number


def test_nothing_is_there_before_the_first_version(root: str) -> None:
    assert store_of(root).versions("fruit") == []
    assert store_of(root).latest("fruit") is None


def test_a_servable_becomes_a_version_that_verifies(
    root: str, make_servable: MakeServable, tmp_path: Path
) -> None:
    servable = make_servable("run-1", b"w" * 100_000)
    published = publish_version(servable, PublishConfig(root, "fruit", "run-1"))
    assert (published.number, published.reused) == (1, False)
    assert published.uri == f"{root}/fruit/1"
    store = store_of(root)
    (version,) = store.versions("fruit")
    assert version.uri == published.uri
    folder = store.fetch(version, tmp_path / "cache")
    assert folder.parts[-2:] == ("fruit", "1")
    assert not Contents.read(folder).differences()
    assert (folder / "model.bin").read_bytes() == b"w" * 100_000


def test_only_the_files_and_a_claim_are_written(root: str, make_servable: MakeServable) -> None:
    publish(root, make_servable("run-1"))
    assert keys(root) == [
        "fruit/.claims/1",
        *(f"fruit/1/{name}" for name in ("labels.json", "manifest.json", "model.bin")),
        "fruit/1/saved_model.pb",
        "fruit/1/variables/variables.index",
    ]


def test_a_retry_returns_the_version_of_the_first_try(
    root: str, make_servable: MakeServable
) -> None:
    config = PublishConfig(root, "fruit", "run-1")
    first = publish_version(make_servable("run-1"), config)
    publish(root, make_servable("run-2"))
    before = keys(root)
    again = publish_version(make_servable("run-1"), config)
    assert (again.number, again.reused) == (first.number, True)
    assert keys(root) == before
    other = publish_version(make_servable("run-1", b"other weights"), config)
    assert (other.number, other.reused) == (3, False)


def test_a_minio_uri_is_published_under_the_name_that_kserve_reads(
    s3_bucket: str, make_servable: MakeServable
) -> None:
    root = s3_bucket.replace("s3://", "minio://") + "/models/"
    published = publish_version(make_servable("run-1"), PublishConfig(root, "fruit", "run-1"))
    assert published.uri == f"{s3_bucket}/models/fruit/1"


def test_a_version_whose_file_is_gone_is_not_used_again(
    root: str, make_servable: MakeServable
) -> None:
    publish(root, make_servable("run-1"))
    store = store_of(root)
    store.client.delete(store.root.below("fruit/1/model.bin").key)
    assert publish(root, make_servable("run-1")) == 2


def test_what_others_put_there_takes_its_number_and_is_no_version(
    root: str, make_servable: MakeServable
) -> None:
    store = store_of(root)
    for name in ("7/model.bin", "notes/manifest.json", "-3/manifest.json", "08/manifest.json"):
        store.client.create(store.root.below("fruit", name).key, b"foreign")
    store.client.create(store.root.below("fruit", "9").key, b"a file")
    assert store.versions("fruit") == []
    assert publish(root, make_servable("run-1")) == 8
    assert [version.number for version in store.versions("fruit")] == [8]


def test_beyond_the_highest_number_nothing_is_published(
    root: str, make_servable: MakeServable
) -> None:
    store = store_of(root)
    store.client.create(store.root.below("fruit/999999999999999999/note").key, b"foreign")
    with pytest.raises(PermanentError, match="the highest number a version can have"):
        publish(root, make_servable("run-1"))
    assert keys(root) == ["fruit/999999999999999999/note"]


def test_a_file_that_changed_since_leaves_no_version(
    root: str, make_servable: MakeServable
) -> None:
    servable = make_servable("run-1")
    (servable / "model.bin").write_bytes(b"WEIGHTS")
    with pytest.raises(PermanentError, match=r"model\.bin with sha256"):
        publish(root, servable)
    assert store_of(root).versions("fruit") == []
    (servable / "model.bin").write_bytes(b"weights")
    assert publish(root, servable) == 1


def test_a_file_of_several_parts_arrives_whole(
    root: str, make_servable: MakeServable, tmp_path: Path
) -> None:
    weights = bytes(range(256)) * 160_000  # 41 MB: three parts on S3, five on Cloud Storage
    servable = make_servable("run-1", weights)
    publish(root, servable)
    store = store_of(root)
    name = store.root.below("fruit/1/model.bin").key
    digest = hashlib.sha256(weights).hexdigest()
    assert store.client.holds(name, servable / "model.bin", digest)
    (version,) = store.versions("fruit")
    folder = store.fetch(version, tmp_path)
    assert hashlib.sha256((folder / "model.bin").read_bytes()).hexdigest() == digest


def test_a_manifest_in_a_bucket_cannot_lead_out_of_the_cache(root: str, tmp_path: Path) -> None:
    store = store_of(root)
    manifest = {"files": {"../../outside": {"sha256": "0" * 64}}}
    store.client.create(
        store.root.below("fruit/1/manifest.json").key, json.dumps(manifest).encode()
    )
    (version,) = store.versions("fruit")
    with pytest.raises(PermanentError, match="below the version"):
        store.fetch(version, tmp_path)
