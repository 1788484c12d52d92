"""Connections that end in the middle: what was sent stays sent, and nothing half is taken."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.fixtures.ports import free_port
from tests.storage.breaking_proxy import BreakingProxy, breaking_proxy
from tests.storage.servers import Server, running_fake_gcs

from viewfinder_components.photos.find import find_photos
from viewfinder_components.photos.photo_error import PhotoError
from viewfinder_components.photos.read import read_bytes, read_candidate
from viewfinder_components.publishing.config import PublishConfig
from viewfinder_components.publishing.publish import publish_version
from viewfinder_components.storage import clients, gcs_client, s3_client
from viewfinder_components.storage.checksums import digest_file
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.location import Location
from viewfinder_components.storage.store import open_store

MakeServable = Callable[..., Path]
_MEBIBYTE = 1 << 20


@pytest.fixture(params=["s3", "gs"])
def network(
    request: pytest.FixtureRequest,
    minio: Server,
    environment: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[str, BreakingProxy]]:
    """A bucket `bucket` behind a network that can break, on each store in turn."""
    if request.param == "s3":
        with breaking_proxy(minio.port) as proxy:
            monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
            clients.forget_connections()
            name = f"broken-{proxy.port}"
            s3_client.connect().create_bucket(Bucket=name)
            yield f"s3://{name}", proxy
        return
    port = free_port()
    with (
        breaking_proxy(port) as proxy,
        running_fake_gcs(tmp_path / "server", port, external_url=proxy.url),
    ):
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
        clients.forget_connections()
        gcs_client.connect().create_bucket("bucket")
        yield "gs://bucket", proxy


def test_a_broken_upload_goes_on_where_it_was(
    network: tuple[str, BreakingProxy], make_servable: MakeServable, tmp_path: Path
) -> None:
    bucket, proxy = network
    size = 60 * _MEBIBYTE
    servable = make_servable("run-1", bytes(size))
    proxy.breaks, proxy.upload_limit = 2, 5 * _MEBIBYTE
    published = publish_version(servable, PublishConfig(f"{bucket}/m", "fruit", "run-1"))
    assert (published.number, proxy.broken) == (1, 2)
    # Only the parts that were on their way are sent again: 8 or 16 MiB each.
    assert proxy.received < size + 2 * 16 * _MEBIBYTE
    store = open_store(f"{bucket}/m")
    (version,) = store.versions("fruit")
    folder = store.fetch(version, tmp_path / "cache")
    assert digest_file(folder / "model.bin") == digest_file(servable / "model.bin")


def test_a_broken_download_goes_on_where_it_was(
    network: tuple[str, BreakingProxy], make_servable: MakeServable, tmp_path: Path
) -> None:
    bucket, proxy = network
    servable = make_servable("run-1", b"weights!" * _MEBIBYTE * 3)
    publish_version(servable, PublishConfig(f"{bucket}/m", "fruit", "run-1"))
    store = open_store(f"{bucket}/m")
    (version,) = store.versions("fruit")
    proxy.breaks, proxy.download_limit = 3, 2 * _MEBIBYTE
    folder = store.fetch(version, tmp_path / "cache")
    assert proxy.broken == 3
    assert digest_file(folder / "model.bin") == digest_file(servable / "model.bin")
    before = proxy.received
    assert store.fetch(version, tmp_path / "cache") == folder
    assert proxy.received == before  # found again without a question


def test_a_photo_that_breaks_off_each_time_is_a_row(network: tuple[str, BreakingProxy]) -> None:
    bucket, proxy = network
    client = open_client(Location.parse(bucket))
    small, large = b"\xff\xd8\xff small", b"\xff\xd8\xff" + bytes(900_000)
    for name, content in (("apple/1.jpg", small), ("apple/2.jpg", large), ("apple/3.jpg", small)):
        client.create(name, content)
    proxy.breaks, proxy.download_limit = 1_000, 500_000
    candidates = list(find_photos(bucket))
    assert read_candidate(candidates[0]) == read_candidate(candidates[2]) == small
    with pytest.raises(PhotoError, match="interrupted at every attempt") as caught:
        read_candidate(candidates[1])
    assert caught.value.kind == "unreachable"
    proxy.breaks = 2
    assert read_bytes(f"{bucket}/apple/2.jpg") == large
