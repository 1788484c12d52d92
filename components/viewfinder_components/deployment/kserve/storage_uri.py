"""The URI under which KServe's storage initializer finds a version."""

import re

from viewfinder_components.errors import UsageError

_URI = re.compile(r"([a-z][a-z0-9]*)://([^/]+)/(.+)")
# Kubeflow Pipelines writes minio:// for any S3 store it uses; KServe knows it as s3://.
_SCHEMES = {"s3": "s3", "minio": "s3", "gs": "gs", "pvc": "pvc"}


def to_kserve_uri(version_uri: str) -> str:
    """Return the `storageUri` of a published version.

    A bucket's URI ends with a slash: KServe treats an S3 path as a prefix, and `fruit/1` would
    fetch `fruit/10` as well.

    Args:
        version_uri: As returned by publish.

    Raises:
        UsageError: No pod can read such a URI.
    """
    match = _URI.fullmatch(version_uri.rstrip("/"))
    scheme = _SCHEMES.get(match[1]) if match else None
    if match is None or scheme is None:
        raise UsageError(
            "a version that pods can read: s3://, minio://, gs:// or pvc://, with a path",
            repr(version_uri),
            "publish to such a model_root",
        )
    slash = "" if scheme == "pvc" else "/"
    return f"{scheme}://{match[2]}/{match[3]}{slash}"
