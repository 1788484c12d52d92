"""The S3 store and the Cloud Storage server of a test cluster: MinIO and fake-gcs-server.

Both run as Deployments of one pod behind Services in the namespace `stores`. Their data lies in a
folder of the node, so that a pod that is killed or scaled away loses nothing.
"""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.cloud import storage
    from kubernetes import client

NAMESPACE = "stores"
S3_SERVICE, S3_PORT = "s3", 9000
GCS_SERVICE, GCS_PORT = "gcs", 4443
GCS_HOST = f"{GCS_SERVICE}.{NAMESPACE}.svc.cluster.local"
REGION = "us-east-1"  # MinIO's own default


@dataclass(frozen=True)
class S3:
    """An S3 store that this machine and the pods reach at one address.

    Attributes:
        endpoint: Its URL, such as `http://10.97.0.20:9000`.
        access_key: The value of `AWS_ACCESS_KEY_ID`.
        secret_key: The value of `AWS_SECRET_ACCESS_KEY`.
        region: The value of `AWS_REGION`.
    """

    endpoint: str
    access_key: str
    secret_key: str
    region: str = REGION

    @property
    def environment(self) -> dict[str, str]:
        """What a boto3 client needs in its environment."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
        }

    def client(self) -> Any:
        """Return a boto3 client."""
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name=self.region,
        )

    def create_bucket(self) -> str:
        """Make a bucket that no other test uses and return its name."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        self.client().create_bucket(Bucket=name)
        return name


@dataclass(frozen=True)
class Gcs:
    """A Cloud Storage server that this machine and the pods reach at one address.

    Attributes:
        endpoint: Its URL, the value of `STORAGE_EMULATOR_HOST`.
    """

    endpoint: str

    @property
    def environment(self) -> dict[str, str]:
        """What a google-cloud-storage client needs in its environment."""
        return {"STORAGE_EMULATOR_HOST": self.endpoint}

    def client(self) -> storage.Client:
        """Return a client without credentials."""
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import storage

        return storage.Client(
            project="test",
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            client_options={"api_endpoint": self.endpoint},
        )

    def create_bucket(self) -> str:
        """Make a bucket that no other test uses and return its name."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        self.client().create_bucket(name)
        return name


def find_s3(api: client.ApiClient) -> S3:
    """Return the cluster's S3 store.

    Raises:
        kubernetes.client.ApiException: The cluster has no Service or no Secret of its name.
    """
    from kubernetes import client

    secret = client.CoreV1Api(api).read_namespaced_secret(S3_SERVICE, NAMESPACE)
    keys = {name: base64.b64decode(value).decode() for name, value in secret.data.items()}
    return S3(
        _endpoint(api, S3_SERVICE, S3_PORT),
        keys["AWS_ACCESS_KEY_ID"],
        keys["AWS_SECRET_ACCESS_KEY"],
    )


def find_gcs(api: client.ApiClient) -> Gcs:
    """Return the cluster's Cloud Storage server.

    Raises:
        kubernetes.client.ApiException: The cluster has no Service of its name.
    """
    return Gcs(_endpoint(api, GCS_SERVICE, GCS_PORT))


def _endpoint(api: client.ApiClient, service: str, port: int) -> str:
    from kubernetes import client

    found = client.CoreV1Api(api).read_namespaced_service(service, NAMESPACE)
    return f"http://{found.spec.cluster_ip}:{port}"
