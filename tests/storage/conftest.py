"""Buckets on real servers: MinIO speaks S3, fake-gcs-server speaks Cloud Storage.

The servers are programs that `VIEWFINDER_MINIO` and `VIEWFINDER_FAKE_GCS` name, or are built from
their Go modules, once. Without either the tests here are skipped, and say so; with `CI` set they
fail.

minio, fake_gcs: the servers, one a session.
environment: leads this process's clients, and those of processes it starts, to both.
s3_bucket, gs_bucket: the URI of a fresh bucket.
bucket: the same; every test that takes it runs on both stores.
root: the URI of a fresh place in such a bucket.
allow: goes on with credentials that allow only some actions in MinIO.
"""

import json
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from tests.storage.servers import ACCESS_KEY, SECRET_KEY, Server, running_fake_gcs, running_minio

from viewfinder_components.storage import clients, gcs_client, s3_client

MakeServable = Callable[..., Path]


@pytest.fixture(scope="session")
def minio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_minio(tmp_path_factory.mktemp("minio")) as server:
        yield server


@pytest.fixture(scope="session")
def fake_gcs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_fake_gcs(tmp_path_factory.mktemp("fake-gcs")) as server:
        yield server


@pytest.fixture
def environment(minio: Server, fake_gcs: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lead clients to the servers, and forget them afterwards."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "GOOGLE_"))]:
        monkeypatch.delenv(name)
    for name, value in (
        ("AWS_ENDPOINT_URL", minio.url),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("STORAGE_EMULATOR_HOST", fake_gcs.url),
        ("NO_PROXY", "127.0.0.1"),
        ("no_proxy", "127.0.0.1"),
    ):
        monkeypatch.setenv(name, value)
    clients.forget_connections()
    yield
    clients.forget_connections()


@pytest.fixture
def s3_bucket(environment: None) -> str:
    """The URI of a fresh bucket in MinIO."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    s3_client.connect().create_bucket(Bucket=name)
    return f"s3://{name}"


@pytest.fixture
def gs_bucket(environment: None) -> str:
    """The URI of a fresh bucket in fake-gcs-server."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    gcs_client.connect().create_bucket(name)
    return f"gs://{name}"


@pytest.fixture(params=["s3_bucket", "gs_bucket"])
def bucket(request: pytest.FixtureRequest) -> str:
    """The URI of a fresh bucket, on each store in turn."""
    uri: str = request.getfixturevalue(request.param)
    return uri


@pytest.fixture
def root(bucket: str) -> str:
    return f"{bucket}/some where/models"


@pytest.fixture
def allow(minio: Server, s3_bucket: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Go on with credentials that allow only some actions, on some keys."""

    def only(*actions: str, resource: str = "*") -> None:
        statement = {
            "Effect": "Allow",
            "Action": list(actions),
            "Resource": f"arn:aws:s3:::{resource}",
        }
        answer = boto3.client(
            "sts",
            endpoint_url=minio.url,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        ).assume_role(
            RoleArn="arn:aws:iam::1:role/restricted",
            RoleSessionName="restricted",
            Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        credentials = answer["Credentials"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials["SecretAccessKey"])
        monkeypatch.setenv("AWS_SESSION_TOKEN", credentials["SessionToken"])
        clients.forget_connections()

    return only
