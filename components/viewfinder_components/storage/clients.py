"""One connection to each kind of object store, opened on first use."""

import os
import threading
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
        api = _connections.find(location.scheme)
    if location.scheme == GS:
        from viewfinder_components.storage.gcs_client import GcsClient

        return GcsClient(api, location.bucket)
    from viewfinder_components.storage.s3_client import S3Client

    return S3Client(api, location.bucket)


def forget_connections() -> None:
    """Make the next client read the environment again: addresses and credentials."""
    _connections.forget()


class _Connections:
    """This process's connections, by scheme."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Start with nothing: a fork must share neither its parent's sockets nor a held lock."""
        self._lock = threading.Lock()
        self._by_scheme: dict[str, Any] = {}

    def find(self, scheme: str) -> Any:
        # One thread connects while the others wait: a client takes a tenth of a second of
        # processor time to make, and a pool asks with 32 threads at once.
        with self._lock:
            if scheme not in self._by_scheme:
                self._by_scheme[scheme] = _connect(scheme)
            return self._by_scheme[scheme]

    def forget(self) -> None:
        # Waits for a thread that is connecting: it read the environment before this call.
        with self._lock:
            self._by_scheme.clear()


def _connect(scheme: str) -> Any:
    if scheme == GS:
        from viewfinder_components.storage import gcs_client

        return gcs_client.connect()
    from viewfinder_components.storage import s3_client

    return s3_client.connect()


_connections = _Connections()
os.register_at_fork(after_in_child=_connections.renew)
