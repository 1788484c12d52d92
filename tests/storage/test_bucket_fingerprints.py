"""A changed object changes the fingerprint of the photos, also if name and size are the same."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures.ports import free_port

from viewfinder_components.errors import PermanentError, TransientError
from viewfinder_components.fingerprinting.config import FingerprintConfig
from viewfinder_components.fingerprinting.fingerprint import fingerprint_photos
from viewfinder_components.photos.find import find_photos
from viewfinder_components.storage import clients, retrying
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.gcs_client import GcsClient
from viewfinder_components.storage.location import Location
from viewfinder_components.storage.s3_client import S3Client
from viewfinder_components.validation.config import ValidationConfig
from viewfinder_components.validation.validate import validate_photos

NAMES = ("photos/cat/1.jpg", "photos/dog/2.jpg", "photos/dog/3.jpg")


def put(bucket: str, name: str, content: bytes) -> None:
    """Write an object, in the place of an earlier one."""
    client = open_client(Location.parse(bucket))
    client.delete(name)
    client.create(name, content)


@pytest.fixture
def photos(bucket: str) -> str:
    for name in NAMES:
        put(bucket, name, b"photo")
    return bucket


def find(data: str, corrections: str = "") -> str:
    return fingerprint_photos(FingerprintConfig(data, corrections=corrections)).value


def test_an_object_of_the_same_name_and_size_changes_it(photos: str) -> None:
    before = find(f"{photos}/photos")
    assert find(f"{photos}/photos") == before
    put(photos, NAMES[0], b"PHOTO")
    assert find(f"{photos}/photos") != before


def test_the_same_photo_written_again_does_not(photos: str) -> None:
    before = find(f"{photos}/photos")
    time.sleep(1.1)  # the stores' times have a resolution of a second
    put(photos, NAMES[0], b"photo")
    assert find(f"{photos}/photos") == before


def test_an_added_and_a_removed_object_change_it(photos: str) -> None:
    found = [find(f"{photos}/photos")]
    put(photos, "photos/cat/4.jpg", b"photo")
    found.append(find(f"{photos}/photos"))
    open_client(Location.parse(photos)).delete(NAMES[1])
    found.append(find(f"{photos}/photos"))
    assert len(set(found)) == 3


def test_what_a_table_lists_in_a_bucket(photos: str, tmp_path: Path) -> None:
    rows = [f"{photos}/{name},cat" for name in (*NAMES, "photos/gone.jpg")]
    for table in (f"{photos}/table.csv", str(tmp_path / "table.csv")):
        content = "\n".join(["uri,label", *rows]).encode()
        put(photos, "table.csv", content)
        (tmp_path / "table.csv").write_bytes(content)
        found = [find(table)]
        assert find(table) == found[0]
        put(photos, NAMES[0], b"PHOTO")
        found.append(find(table))
        put(photos, "photos/gone.jpg", b"photo")
        found.append(find(table))
        assert len(set(found)) == 3
        put(photos, NAMES[0], b"photo")
        open_client(Location.parse(photos)).delete("photos/gone.jpg")
        assert find(table) == found[0]


def test_corrections_in_a_bucket(photos: str) -> None:
    table = f"{photos}/corrections.csv"
    put(photos, "corrections.csv", b"uri,correction\n1.jpg,cat\n")
    before = find(f"{photos}/photos", table)
    put(photos, "corrections.csv", b"uri,correction\n1.jpg,dog\n")
    assert find(f"{photos}/photos", table) != before


def test_validate_reads_corrections_once(
    photos: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(photos, "corrections.csv", b"uri,correction\n1.jpg,cat\n")
    table, read = f"{photos}/corrections.csv", []
    fingerprint = find(f"{photos}/photos", table)
    for kind in (S3Client, GcsClient):
        original = kind.read

        def counted(self: Any, name: str, *rest: Any, original: Any = original) -> Any:
            read.append(name)
            return original(self, name, *rest)

        monkeypatch.setattr(kind, "read", counted)
    config = ValidationConfig(photos_fingerprint=fingerprint, corrections=table, max_unreadable=1)
    outputs = [tmp_path / name for name in ("i", "p", "report")]
    with pytest.raises(PermanentError):  # the photos are none
        validate_photos(f"{photos}/photos", *outputs, config)
    assert read.count("corrections.csv") == 1


def test_a_thousand_objects_are_one_request(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"photos/{'cat' if n % 2 else 'dog'}/{n}.jpg" for n in range(1_050)]
    client = open_client(Location.parse(bucket))
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda name: client.create(name, b"photo"), names))
    asked: list[str] = []
    for kind in (S3Client, GcsClient):
        for method in ("page", "stat", "read"):
            monkeypatch.setattr(kind, method, _counted(getattr(kind, method), asked))
    assert fingerprint_photos(FingerprintConfig(f"{bucket}/photos")).files == len(names)
    assert asked == ["page"] * 3  # the first for the names of the folders


def _counted(method: Any, asked: list[str]) -> Any:
    def call(*arguments: Any, **named: Any) -> Any:
        asked.append(method.__name__)
        return method(*arguments, **named)

    return call


def test_validate_finds_the_same(photos: str, tmp_path: Path) -> None:
    """Nothing has changed, so nothing is told; the photos are none, which is."""
    for data, expected in ((f"{photos}/photos", 0), (f"{photos}/photos", 1)):
        config = ValidationConfig(photos_fingerprint=find(data), max_unreadable=1)
        if expected:
            put(photos, NAMES[0], b"PHOTO")
        with pytest.raises(PermanentError):
            validate_photos(data, *(tmp_path / name for name in ("i", "p", "report")), config)
        told = (tmp_path / "i" / "summary.json").read_text().count("The photos changed after")
        assert told == expected


def test_errors_are_those_of_validate(photos: str) -> None:
    for data in (f"{photos}/nothing", photos[:5] + "no-such-bucket-here/photos"):
        with pytest.raises(PermanentError) as theirs:
            list(find_photos(data))
        with pytest.raises(PermanentError) as ours:
            find(data)
        assert str(ours.value) == str(theirs.value)


def list_in(table: Path, *uris: str) -> str:
    table.write_text("\n".join(["uri,label", *(f"{uri},cat" for uri in uris)]))
    return str(table)


def test_without_credentials_nothing_is_taken_for_unchanged(
    s3_bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3_bucket, NAMES[0], b"photo")
    (tmp_path / "2.jpg").write_bytes(b"photo")
    table = list_in(tmp_path / "table.csv", f"{s3_bucket}/{NAMES[0]}", "2.jpg")
    assert find(table) == find(table)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("HOME", str(tmp_path))
    clients.forget_connections()
    with pytest.raises(PermanentError, match=r"expected credentials for s3://.*/1\.jpg"):
        find(table)


def test_forbidden_photos_are_not_taken_for_unchanged(
    s3_bucket: str, allow: Callable[..., None], tmp_path: Path
) -> None:
    for name in NAMES:
        put(s3_bucket, name, b"photo")
    table = list_in(tmp_path / "table.csv", *(f"{s3_bucket}/{name}" for name in NAMES))
    allow("s3:GetObject", resource=f"{s3_bucket[5:]}/photos/cat/*")
    found = [fingerprint_photos(FingerprintConfig(table)) for _ in range(2)]
    assert found[0].value != found[1].value
    assert found[0].summary.startswith("3 files, 2 of which could not be looked at, so that no")
    assert "permission s3:GetObject at" in found[0].summary
    allow("s3:GetObject", resource=f"{s3_bucket[5:]}/elsewhere/*")
    with pytest.raises(PermanentError, match=r"expected permission s3:GetObject at s3://.*/1\.jpg"):
        find(table)


def test_a_bucket_that_is_not_there_is_not_taken_for_unchanged(photos: str, tmp_path: Path) -> None:
    other = f"{photos[:5]}no-such-bucket-here/1.jpg"
    table = list_in(tmp_path / "table.csv", f"{photos}/{NAMES[0]}", other)
    if photos.startswith("s3"):  # fake-gcs-server does not tell, as Cloud Storage does
        assert find(table) != find(table)
        with pytest.raises(PermanentError, match="expected a bucket s3://no-such-bucket-here"):
            find(list_in(tmp_path / "table.csv", other))
    else:
        with pytest.raises(PermanentError, match="received none: there is no gs://no-such-bucket"):
            find(list_in(tmp_path / "table.csv", other))


@pytest.mark.parametrize("scheme", ["s3", "gs"])
@pytest.mark.parametrize("is_table", [False, True])
def test_a_store_that_does_not_answer_can_be_tried_again(
    scheme: str,
    is_table: bool,
    environment: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retrying, "PATIENCE_SECONDS", 1.0)
    nobody = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", nobody)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", nobody)
    clients.forget_connections()
    rows = [f"{scheme}://bucket/photos/{number}.jpg,cat" for number in range(500)]
    (tmp_path / "table.csv").write_text("\n".join(["uri,label", *rows]))
    started = time.monotonic()
    with pytest.raises(TransientError, match=rf"{scheme}://bucket/photos.* to answer"):
        find(str(tmp_path / "table.csv") if is_table else f"{scheme}://bucket/photos")
    assert time.monotonic() - started > 0.9  # it did try again
