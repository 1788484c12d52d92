"""Buckets of Google Cloud Storage.

Credentials are Application Default Credentials: workload identity in a cluster, `gcloud
auth application-default login` on a laptop. `STORAGE_EMULATOR_HOST` selects another server.
"""

import hashlib
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from viewfinder_components.storage.checksums import CHUNK, check_digest, opened, size_of, to_base64
from viewfinder_components.storage.objects import Action, ErrorKind, ObjectError, ObjectInfo, Page
from viewfinder_components.storage.retrying import PATIENCE_SECONDS, retried

_CONNECTIONS = 64  # more than any of our pools has threads
_PART = 8 << 20  # of a resumable transfer; after an interruption at most this much is sent again
_TIMEOUT = (10, 60)  # seconds to connect, and between two packets
_PAGE_OBJECTS = 1_000
_NEW = 0  # the generation of an object that does not exist

_MISMATCH = re.compile(r"(crc32c|md5).*match", re.IGNORECASE | re.DOTALL)

_KINDS: dict[int, ErrorKind] = {
    401: "no_credentials",
    403: "forbidden",
    404: "missing",
    408: "unreachable",
    412: "taken",
    429: "unreachable",
}


def connect() -> Any:
    """Return a google-cloud-storage client, which threads may share.

    Raises:
        ObjectError: There are no credentials.
    """
    from google.cloud import storage
    from requests.adapters import HTTPAdapter

    with _translated("read"):
        client = storage.Client()
        # With the default of 10 connections, every other request of a larger pool opens a new one.
        client._http.mount("https://", HTTPAdapter(pool_maxsize=_CONNECTIONS))
        client._http.mount("http://", HTTPAdapter(pool_maxsize=_CONNECTIONS))
    return client


class GcsClient:
    """One bucket; see `ObjectClient`.

    Args:
        api: What `connect` returned.
        bucket: The bucket's name.
    """

    scheme = "gs"

    def __init__(self, api: Any, bucket: str) -> None:
        self._api = api
        self._bucket = api.bucket(bucket)
        self.bucket = bucket

    @retried
    def page(self, prefix: str, delimiter: str = "", following: str | None = None) -> Page:
        """See `ObjectClient.page`."""
        with _translated("list"):
            listing = self._api.list_blobs(
                self.bucket,
                prefix=prefix,
                delimiter=delimiter or None,
                page_token=following,
                page_size=_PAGE_OBJECTS,
                fields="items(name,size,updated,md5Hash,generation),prefixes,nextPageToken",
                timeout=_TIMEOUT,
                retry=None,
            )
            objects = [_info(blob) for blob in next(listing.pages, ())]
        return Page(objects, sorted(listing.prefixes), listing.next_page_token)

    @retried
    def stat(self, name: str) -> ObjectInfo:
        """See `ObjectClient.stat`."""
        return _info(self._reloaded(name))

    @retried
    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        """See `ObjectClient.read`."""
        end = None if stop is None else stop - 1
        with _translated("read"):
            content: bytes = self._bucket.blob(name).download_as_bytes(
                start=start or None,
                end=end,
                raw_download=True,  # as stored, whatever its Content-Encoding
                timeout=_TIMEOUT,
                retry=None,
            )
        return content

    @retried
    def create(self, name: str, content: bytes) -> None:
        """See `ObjectClient.create`."""
        self._send(name, io.BytesIO(content), len(content), _crc32c(io.BytesIO(content))[0])

    @retried
    def upload(self, name: str, path: Path, sha256: str, replace: bool = False) -> None:
        """See `ObjectClient.upload`."""
        with opened(path) as file:
            crc32c, found = _crc32c(file)
            check_digest(path, sha256, found)
            file.seek(0)
            size = os.fstat(file.fileno()).st_size
            blob = self._send(name, file, size, crc32c, None if replace else _NEW)
        if blob.crc32c != crc32c:
            self._remove(name, blob.generation)
            received = f"{name} has crc32c {blob.crc32c}, not {crc32c}"
            raise ObjectError("damaged", "create", received)

    @retried
    def holds(self, name: str, path: Path, sha256: str) -> bool:
        """See `ObjectClient.holds`."""
        with opened(path) as file:
            crc32c, found = _crc32c(file)
        check_digest(path, sha256, found)
        blob = self._reloaded(name)
        return bool(blob.size == size_of(path) and blob.crc32c == crc32c)

    @retried
    def delete(self, name: str) -> None:
        """See `ObjectClient.delete`."""
        try:
            with _translated("delete"):
                self._bucket.blob(name).delete(timeout=_TIMEOUT, retry=None)
        except ObjectError as error:
            if error.kind != "missing":
                raise

    def _remove(self, name: str, generation: int) -> None:
        """Delete what was just written, unless somebody has written another object since."""
        try:
            with _translated("delete"):
                self._bucket.blob(name).delete(
                    if_generation_match=generation, timeout=_TIMEOUT, retry=None
                )
        except ObjectError as error:
            if error.kind not in ("missing", "taken"):
                raise

    def _reloaded(self, name: str) -> Any:
        blob = self._bucket.blob(name)
        with _translated("read"):
            blob.reload(timeout=_TIMEOUT, retry=None)
        return blob

    def _send(
        self, name: str, file: IO[bytes], size: int, crc32c: str, generation: int | None = _NEW
    ) -> Any:
        """Write an object; return it with the generation and the checksum that the store gave it.

        The object that is replaced must have this generation; None for any, or none.
        """
        from google.cloud.storage.retry import DEFAULT_RETRY

        blob = self._bucket.blob(name, chunk_size=_PART)
        with _translated("create"):
            # Above 8 MiB this is a resumable transfer, which can be continued. The store
            # rejects data that does not match the checksum.
            blob.upload_from_file(
                file,
                size=size,
                crc32c_checksum_value=crc32c,
                if_generation_match=generation,
                timeout=_TIMEOUT,
                retry=DEFAULT_RETRY.with_timeout(PATIENCE_SECONDS),
            )
        return blob


def _info(blob: Any) -> ObjectInfo:
    """Return a blob's properties; one composed of others has no MD5."""
    return ObjectInfo(blob.name, blob.size, blob.updated, blob.md5_hash or str(blob.generation))


def _crc32c(file: IO[bytes]) -> tuple[str, str]:
    """Return a file's CRC32C in the store's notation, and its hexadecimal SHA-256."""
    import google_crc32c

    checksum, digest = google_crc32c.Checksum(), hashlib.sha256()
    while chunk := file.read(CHUNK):
        checksum.update(chunk)
        digest.update(chunk)
    return to_base64(checksum.digest()), digest.hexdigest()


@contextmanager
def _translated(action: Action) -> Iterator[None]:
    """Reraise the library's exceptions as ObjectError."""
    import requests
    import urllib3
    from google.api_core import exceptions
    from google.auth import exceptions as auth
    from google.cloud.storage.exceptions import DataCorruption

    try:
        yield
    except exceptions.GoogleAPICallError as error:
        raise ObjectError(_kind(error.code, action, str(error)), action, str(error)) from error
    except auth.DefaultCredentialsError as error:
        raise ObjectError("no_credentials", action, _explain_missing(str(error))) from error
    except auth.GoogleAuthError as error:
        kind: ErrorKind = "unreachable" if error.retryable else "no_credentials"
        raise ObjectError(kind, action, str(error)) from error
    except (
        DataCorruption,
        requests.exceptions.ChunkedEncodingError,
        requests.exceptions.ReadTimeout,
        urllib3.exceptions.HTTPError,  # of raw downloads, which pass requests by
    ) as error:
        raise ObjectError("broken_off", action, str(error)) from error
    except (exceptions.RetryError, requests.exceptions.RequestException, OSError) as error:
        raise ObjectError("unreachable", action, str(error)) from error


def _explain_missing(message: str) -> str:
    """Return which file was looked for; the library names it only if the environment does."""
    home = os.environ.get("CLOUDSDK_CONFIG") or "~/.config/gcloud"
    file = Path(os.path.expanduser(home)) / "application_default_credentials.json"
    if "GOOGLE_APPLICATION_CREDENTIALS" in os.environ or file.is_file():
        return message
    return f"no GOOGLE_APPLICATION_CREDENTIALS, no file at {file} and no service account"


def _kind(status: int | None, action: Action, message: str) -> ErrorKind:
    if status is None or status >= 500:
        return "unreachable"
    if status == 400 and action == "create" and _MISMATCH.search(message):
        return "damaged"
    if status == 404 and (action in ("list", "create") or "bucket does not exist" in message):
        return "no_bucket"
    # A user who may create but not delete gets this answer if the name is taken.
    if status == 403 and action == "create" and "storage.objects.delete" in message:
        return "taken"
    return _KINDS.get(status, "refused")
