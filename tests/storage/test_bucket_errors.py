"""What users get wrong, and what stores refuse: real answers, told in sentences.

fake-gcs-server knows no permissions, so a refusal by Cloud Storage is not among them.
"""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures.ports import free_port
from tests.storage.servers import running_minio

from viewfinder_components.errors import PermanentError, TransientError
from viewfinder_components.photos.find import find_photos
from viewfinder_components.photos.photo_error import PhotoError
from viewfinder_components.photos.read import read_bytes, read_candidate
from viewfinder_components.publishing.config import PublishConfig
from viewfinder_components.publishing.publish import publish_version
from viewfinder_components.storage import clients, retrying, s3_client
from viewfinder_components.storage.location import Location
from viewfinder_components.storage.probe import main, probe
from viewfinder_components.storage.store import open_store

MakeServable = Callable[..., Path]


def publish(root: str, servable: Path) -> int:
    return publish_version(servable, PublishConfig(root, "fruit", servable.name)).number


@pytest.mark.parametrize(
    ("allowed", "missing"),
    [
        (["s3:GetObject", "s3:PutObject"], "s3:ListBucket"),
        (["s3:ListBucket", "s3:GetObject"], "s3:PutObject"),
    ],
)
def test_a_missing_permission_is_named(
    allowed: list[str],
    missing: str,
    s3_bucket: str,
    allow: Callable[..., None],
    make_servable: MakeServable,
) -> None:
    allow(*allowed)
    with pytest.raises(PermanentError, match=rf"permission {missing} at {s3_bucket}/models.*grant"):
        publish(f"{s3_bucket}/models", make_servable("run-1"))


def test_publishing_needs_no_permission_to_delete(
    s3_bucket: str, allow: Callable[..., None], make_servable: MakeServable
) -> None:
    allow("s3:ListBucket", "s3:GetObject", "s3:PutObject")
    assert publish(f"{s3_bucket}/models", make_servable("run-1")) == 1
    assert publish(f"{s3_bucket}/models", make_servable("run-2")) == 2
    store = open_store(f"{s3_bucket}/models")
    with pytest.raises(PermanentError, match="permission s3:DeleteObject"):
        store.remove("fruit", store.versions("fruit")[0])


def test_forbidden_photos_are_rows_and_the_others_are_read(
    s3_bucket: str, allow: Callable[..., None]
) -> None:
    client = clients.open_client(Location.parse(s3_bucket))
    for name in ("apple/1.jpg", "secret/2.jpg"):
        client.create(name, b"\xff\xd8\xff photo")
    allow("s3:ListBucket", "s3:GetObject", resource=f"{s3_bucket[5:]}/apple/*")
    with pytest.raises(PermanentError, match="permission s3:ListBucket"):
        list(find_photos(s3_bucket))
    assert read_bytes(f"{s3_bucket}/apple/1.jpg") == b"\xff\xd8\xff photo"
    with pytest.raises(PhotoError, match="permission to read it is missing"):
        read_bytes(f"{s3_bucket}/secret/2.jpg")


@pytest.mark.parametrize("root", ["s3://no-such-bucket-here/m", "gs://no-such-bucket-here/m"])
def test_a_bucket_that_is_not_there_is_named(
    root: str, environment: None, make_servable: MakeServable
) -> None:
    with pytest.raises(PermanentError, match=r"expected a bucket \w\w://no-such-bucket-here"):
        publish(root, make_servable("run-1"))
    with pytest.raises(PermanentError, match=r"expected a bucket \w\w://no-such-bucket-here"):
        open_store(root).versions("fruit")


@pytest.mark.parametrize(
    ("name", "value"), [("AWS_SECRET_ACCESS_KEY", "wrong"), ("AWS_ACCESS_KEY_ID", "nobody")]
)
def test_wrong_keys_are_told_from_a_missing_permission(
    name: str, value: str, s3_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    clients.forget_connections()
    with pytest.raises(PermanentError, match=r"expected credentials for s3://.*AWS_ACCESS_KEY_ID"):
        open_store(s3_bucket).versions("fruit")


def test_no_keys_at_all_is_said(
    s3_bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("HOME", str(tmp_path))
    clients.forget_connections()
    with pytest.raises(
        PermanentError, match=r"expected credentials for s3://.* none in .*/\.aws/cred"
    ):
        open_store(s3_bucket).versions("fruit")


def test_no_google_credentials_at_all_is_said(
    environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with pytest.raises(PermanentError, match=r"expected credentials for gs://bucket.*gcloud auth"):
        open_store("gs://bucket/models")


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_a_store_that_does_not_answer_can_be_tried_again(
    scheme: str, environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrying, "PATIENCE_SECONDS", 1.0)
    nobody = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", nobody)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", nobody)
    clients.forget_connections()
    started = time.monotonic()
    with pytest.raises(TransientError, match=rf"{scheme}://bucket/models/fruit to answer"):
        open_store(f"{scheme}://bucket/models").versions("fruit")
    with pytest.raises(TransientError, match="to answer"):  # not a row: the photo may be fine
        read_bytes(f"{scheme}://bucket/1.jpg")
    assert time.monotonic() - started > 2  # it did try again


@pytest.mark.parametrize("address", ["not an address", "ftp://127.0.0.1"])
def test_an_address_that_is_none_is_refused(
    address: str, environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrying, "PATIENCE_SECONDS", 1.0)
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    clients.forget_connections()
    with pytest.raises((PermanentError, TransientError), match="expected s3://bucket"):
        open_store("s3://bucket/models").versions("fruit")


@pytest.fixture
def restarted(tmp_path: Path, environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A MinIO of the test's own that is away for some seconds, with a bucket in it."""
    with running_minio(tmp_path / "minio") as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        clients.forget_connections()
        s3_client.connect().create_bucket(Bucket="bucket")

        timers = []

        def away(seconds: float) -> threading.Timer:
            server.kill()
            timers.append(threading.Timer(seconds, server.start))
            timers[-1].start()
            return timers[-1]

        yield away
        for timer in timers:  # or a server would start after the test
            timer.join()


def test_a_store_that_restarts_is_waited_for(
    restarted: Callable[[float], threading.Timer], make_servable: MakeServable
) -> None:
    root = "s3://bucket/models"
    assert publish(root, make_servable("run-1")) == 1
    client = clients.open_client(Location.parse("s3://bucket"))
    for number in range(20):
        client.create(f"photos/apple/{number}.jpg", b"\xff\xd8\xff %d" % number)
    timer = restarted(3)
    contents = [read_candidate(found) for found in find_photos("s3://bucket/photos")]
    assert len(contents) == 20
    timer.join()
    timer = restarted(3)
    assert publish(root, make_servable("run-2")) == 2
    timer.join()
    assert [version.number for version in open_store(root).versions("fruit")] == [1, 2]


def test_the_probe_reads_and_writes_and_leaves_nothing(bucket: str) -> None:
    root = f"{bucket}/some/root"
    assert probe(root) == f"{root} can be read"
    assert probe(root, write=True) == f"{root} can be read and written"
    assert not clients.open_client(Location.parse(bucket)).page("").objects


def test_the_probes_exit_code_tells_what_is_wrong(
    s3_bucket: str,
    allow: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    allow("s3:ListBucket", "s3:GetObject")
    assert main([s3_bucket]) == 0
    assert main([s3_bucket, "--write"]) == 1
    assert "permission s3:PutObject" in capsys.readouterr().out
    monkeypatch.setattr(retrying, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    clients.forget_connections()
    assert main([s3_bucket]) == 2
    assert "try again" in capsys.readouterr().out


def test_the_probe_tries_folders_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--write"]) == 0
    assert not list(tmp_path.iterdir())
    assert main([str(tmp_path / "missing")]) == 1
    assert main(["hdfs://somewhere"]) == 1
    assert main([]) == 64
    assert main(["/sys/viewfinder", "--write"]) == 1
    assert "permission" in capsys.readouterr().out
