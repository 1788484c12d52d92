"""One connection to each kind of object store, opened on first use."""

import os
from functools import cache
from typing import Any

from viewfinder_components.storage.bucket_errors import explained
from viewfinder_components.storage.location import GS, Location
from viewfinder_components.storage.objects import ObjectClient


def open_client(location: Location) -> ObjectClient:
    """Return a client of the bucket at `location`; no request is sent yet.

    Raises:
        PermanentError: The environment provides no credentials (Cloud Storage), or an invalid
            address.
    """
    with explained(location):
        api = _connect(location.scheme, os.getpid())
    if location.scheme == GS:
        from viewfinder_components.storage.gcs_client import GcsClient

        return GcsClient(api, location.bucket)
    from viewfinder_components.storage.s3_client import S3Client

    return S3Client(api, location.bucket)


@cache
def _connect(scheme: str, process: int) -> Any:
    """Connect once per process: a fork must not share its parent's sockets."""
    if scheme == GS:
        from viewfinder_components.storage import gcs_client

        return gcs_client.connect()
    from viewfinder_components.storage import s3_client

    return s3_client.connect()
