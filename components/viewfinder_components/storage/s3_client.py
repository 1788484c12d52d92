"""Buckets of Amazon S3 and of any store with the same protocol, such as MinIO.

The environment gives address and credentials: `AWS_ENDPOINT_URL` (Amazon if unset), `AWS_REGION`,
`AWS_ACCESS_KEY_ID` and everything else that boto3 reads.

A file of more than 16 MiB is sent in parts. Parts sent by a publisher that was killed stay hidden,
and paid for until the bucket's lifecycle rule AbortIncompleteMultipartUpload removes them.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from viewfinder_components.storage.checksums import check_digest, opened, size_of, to_base64
from viewfinder_components.storage.objects import Action, ErrorKind, ObjectError, ObjectInfo, Page
from viewfinder_components.storage.retrying import retried

_CONNECTIONS = 64  # more than any of our pools has threads
_PART = 16 << 20  # larger files are sent in parts of this size; at most 10,000 of them: 160 GB
_CONNECT_SECONDS, _READ_SECONDS = 10, 60
_DEFAULT_REGION = "us-east-1"  # boto3 needs one for signing, whatever the store

_KINDS: dict[str, ErrorKind] = {
    "PreconditionFailed": "taken",
    "ConditionalRequestConflict": "unreachable",  # two at once: retry to see who was first
    "NoSuchKey": "missing",
    "NoSuchBucket": "no_bucket",
    "NoSuchUpload": "missing",
    "InvalidObjectState": "archived",
    "InvalidAccessKeyId": "no_credentials",
    "SignatureDoesNotMatch": "no_credentials",
    "ExpiredToken": "no_credentials",
    "InvalidToken": "no_credentials",
    "BadDigest": "damaged",
    "XAmzContentChecksumMismatch": "damaged",
    "SlowDown": "unreachable",
    "RequestTimeout": "unreachable",
}
_KINDS_BY_STATUS: dict[int, ErrorKind] = {
    401: "no_credentials",
    403: "forbidden",
    404: "missing",
    408: "unreachable",
    409: "unreachable",
    412: "taken",
    429: "unreachable",
}


def connect() -> Any:
    """Return a boto3 client, which threads may share.

    Raises:
        ObjectError: The environment's settings contradict each other.
    """
    import boto3
    from botocore.config import Config

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    config = Config(
        max_pool_connections=_CONNECTIONS,
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 1},  # `retried` knows how long
        # A bucket's subdomain of a store's own host name is seldom in its DNS.
        s3={"addressing_style": "path" if endpoint else "auto"},
    )
    with _translated("read"):
        # Its own session: boto3's default one must not be shared by threads.
        return boto3.session.Session().client(
            "s3",
            region_name=region or (_DEFAULT_REGION if endpoint else None),
            endpoint_url=endpoint,
            config=config,
        )


class S3Client:
    """One bucket; see `ObjectClient`.

    Args:
        api: What `connect` returned.
        bucket: The bucket's name.
    """

    scheme = "s3"

    def __init__(self, api: Any, bucket: str) -> None:
        self._api = api
        self.bucket = bucket

    @retried
    def page(self, prefix: str, delimiter: str = "", following: str | None = None) -> Page:
        """See `ObjectClient.page`."""
        asked = {"Delimiter": delimiter, "ContinuationToken": following}
        with _translated("list"):
            answer = self._api.list_objects_v2(
                Bucket=self.bucket,
                Prefix=prefix,
                **{name: value for name, value in asked.items() if value},
            )
            _need_any(answer, "list", "Name", "KeyCount", "IsTruncated")
        objects = [
            ObjectInfo(entry["Key"], entry["Size"], entry["LastModified"], _tag(entry))
            for entry in answer.get("Contents", ())
        ]
        folders = [entry["Prefix"] for entry in answer.get("CommonPrefixes", ())]
        return Page(objects, folders, answer.get("NextContinuationToken"))

    @retried
    def stat(self, name: str) -> ObjectInfo:
        """See `ObjectClient.stat`."""
        try:
            answer = self._head(name)
        except ObjectError as error:
            if error.kind == "missing":
                self._need_bucket()
            raise
        return ObjectInfo(name, answer["ContentLength"], answer["LastModified"], _tag(answer))

    @retried
    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        """See `ObjectClient.read`."""
        part = {} if (start, stop) == (0, None) else {"Range": _range(start, stop)}
        with _translated("read"):
            answer = self._api.get_object(Bucket=self.bucket, Key=name, **part)
            content: bytes = answer["Body"].read()  # checks length and checksum against the headers
        return content

    @retried
    def create(self, name: str, content: bytes) -> None:
        """See `ObjectClient.create`."""
        self._put(name, content, to_base64(hashlib.sha256(content).digest()), _condition(False))

    @retried
    def upload(self, name: str, path: Path, sha256: str, replace: bool = False) -> None:
        """See `ObjectClient.upload`."""
        with opened(path) as file:
            if os.fstat(file.fileno()).st_size > _PART:
                self._upload_parts(name, file, path, sha256, _condition(replace))
                return
            content = file.read()
        check_digest(path, sha256, hashlib.sha256(content).hexdigest())
        # The store computes the digest of what it received, and discards it if it differs.
        self._put(name, content, to_base64(bytes.fromhex(sha256)), _condition(replace))

    @retried
    def holds(self, name: str, path: Path, sha256: str) -> bool:
        """See `ObjectClient.holds`."""
        answer = self._head(name)
        size = size_of(path)
        kept = answer.get("ChecksumSHA256")  # for a store that keeps none, the size decides
        if size > _PART:
            with opened(path) as file:
                parts = [hashlib.sha256(part).digest() for part in _parts(file)]
            ours = f"{to_base64(hashlib.sha256(b''.join(parts)).digest())}-{len(parts)}"
        else:
            ours = to_base64(bytes.fromhex(sha256))
        return bool(answer["ContentLength"] == size and kept in (None, ours))

    @retried
    def delete(self, name: str) -> None:
        """See `ObjectClient.delete`."""
        with _translated("delete"):
            self._api.delete_object(Bucket=self.bucket, Key=name)

    def _head(self, name: str) -> dict[str, Any]:
        with _translated("read"):
            answer: dict[str, Any] = self._api.head_object(
                Bucket=self.bucket, Key=name, ChecksumMode="ENABLED"
            )
            _need_any(answer, "read", "LastModified")
        return answer

    def _need_bucket(self) -> None:
        """Raise if there is no bucket: the answer about an object does not say which is missing."""
        try:
            with _translated("list"):
                self._api.head_bucket(Bucket=self.bucket)
        except ObjectError as error:
            if error.kind == "missing":
                raise ObjectError("no_bucket", error.action, error.detail) from error
            if error.passing:
                raise

    def _put(self, name: str, content: bytes, checksum: str, condition: dict[str, str]) -> None:
        with _translated("create"):
            answer = self._api.put_object(
                Bucket=self.bucket,
                Key=name,
                Body=content,
                ChecksumSHA256=checksum,
                **condition,
            )
            _need_any(answer, "create", "ETag")

    def _upload_parts(
        self, name: str, file: IO[bytes], path: Path, sha256: str, condition: dict[str, str]
    ) -> None:
        target = {"Bucket": self.bucket, "Key": name}
        with _translated("create"):
            upload = self._api.create_multipart_upload(**target, ChecksumAlgorithm="SHA256")
            _need_any(upload, "create", "UploadId")
        target["UploadId"] = upload["UploadId"]
        try:
            digest, parts = hashlib.sha256(), []
            for number, part in enumerate(_parts(file), start=1):
                digest.update(part)
                parts.append(self._upload_part(target, number, part))
            check_digest(path, sha256, digest.hexdigest())
            with _translated("create"):
                answer = self._api.complete_multipart_upload(
                    **target, MultipartUpload={"Parts": parts}, **condition
                )
                _need_any(answer, "create", "ETag")
        except BaseException:
            with suppress(ObjectError), _translated("create"):  # the parts are paid for until then
                self._api.abort_multipart_upload(**target)
            raise

    @retried
    def _upload_part(self, target: dict[str, str], number: int, part: bytes) -> dict[str, Any]:
        checksum = to_base64(hashlib.sha256(part).digest())
        with _translated("create"):
            answer = self._api.upload_part(
                **target, PartNumber=number, Body=part, ChecksumSHA256=checksum
            )
            _need_any(answer, "create", "ETag")
        return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum}


def _condition(replace: bool) -> dict[str, str]:
    """Return the condition for writing an object: that there is none, unless it is replaced."""
    return {} if replace else {"IfNoneMatch": "*"}


def _need_any(answer: dict[str, Any], action: Action, *names: str) -> None:
    """Refuse an answer without any of these: it is not a store's.

    A gateway or a login page may say 200 to every request, and what was sent to it is nowhere.
    """
    if not answer.keys() & {*names}:
        detail = f"HTTP 200 without {' or '.join(names)}, as from something that is no S3 store"
        raise ObjectError("refused", action, detail)


def _tag(answer: dict[str, Any]) -> str:
    """Return an object's ETag: mostly the MD5 of its contents. Some stores give none."""
    return str(answer.get("ETag") or answer["LastModified"].isoformat())


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    while part := file.read(_PART):
        yield part


def _range(start: int, stop: int | None) -> str:
    return f"bytes={start}-{'' if stop is None else stop - 1}"


@contextmanager
def _translated(action: Action) -> Iterator[None]:
    """Reraise boto3's exceptions as ObjectError."""
    from botocore import exceptions

    try:
        yield
    except exceptions.ClientError as error:
        raise ObjectError(_kind(error.response), action, str(error)) from error
    except exceptions.NoCredentialsError as error:
        file = os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials"
        detail = f"none in the environment and none in {os.path.expanduser(file)}"
        raise ObjectError("no_credentials", action, detail) from error
    except exceptions.PartialCredentialsError as error:
        raise ObjectError("no_credentials", action, str(error)) from error
    except (
        exceptions.IncompleteReadError,
        exceptions.ResponseStreamingError,
        exceptions.FlexibleChecksumError,
        exceptions.ReadTimeoutError,
    ) as error:
        raise ObjectError("broken_off", action, str(error)) from error
    except (
        exceptions.HTTPClientError,
        exceptions.ConnectionError,
        exceptions.CredentialRetrievalError,
    ) as error:
        raise ObjectError("unreachable", action, str(error)) from error
    except (exceptions.BotoCoreError, ValueError) as error:  # ValueError: an invalid endpoint
        raise ObjectError("refused", action, str(error)) from error


def _kind(response: Any) -> ErrorKind:
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if kind := _KINDS.get(response.get("Error", {}).get("Code", "")):
        return kind
    return "unreachable" if status >= 500 else _KINDS_BY_STATUS.get(status, "refused")
