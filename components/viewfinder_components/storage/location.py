"""A location in an object store: scheme, bucket, key."""

import re
from dataclasses import dataclass, replace
from typing import Self

from viewfinder_components.errors import UsageError

GS, S3 = "gs", "s3"
_SCHEMES = {"gs": GS, "s3": S3, "minio": S3}
"""Supported URI schemes. Kubeflow Pipelines writes `minio://` where KServe expects `s3://`.
"""

BUCKET_SCHEMES = tuple(f"{scheme}://" for scheme in _SCHEMES)

# Cloud Storage: 3 to 63 characters, with dots up to 222; S3: no underscores, 63 in any case.
_NAMES = {
    GS: (re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]"), "lower-case letters, digits, . _ -"),
    S3: (re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"), "lower-case letters, digits, . -"),
}
LONGEST_KEY = 1024
"""Bytes of a key, in every supported store."""


@dataclass(frozen=True)
class Location:
    """A bucket, and a key or key prefix in it."""

    scheme: str
    """`gs` or `s3`."""
    bucket: str
    key: str = ""
    """Never starts with a slash, and is not percent-encoded."""

    @classmethod
    def parse(cls, uri: str) -> Self:
        """Read a URI such as `gs://bucket/models`; nothing in it is percent-encoded.

        Raises:
            UsageError: It names no bucket that can exist, or no key that can.
        """
        scheme, _, rest = uri.partition("://")
        bucket, _, key = rest.partition("/")
        location = cls(_SCHEMES.get(scheme.lower(), ""), bucket, key)
        location._validate(uri)
        return location

    @property
    def uri(self) -> str:
        """The location as a URI."""
        return f"{self.scheme}://{self.bucket}/{self.key}".rstrip("/")

    def below(self, *names: str) -> Self:
        """Return a location within this one, treated as a folder."""
        return replace(self, key="/".join(filter(None, (self.key, *names))))

    def normalized(self) -> Self:
        """Return the location as a folder in which to put objects.

        Raises:
            UsageError: Stores and their readers would interpret it differently.
        """
        names = self.key.strip("/").split("/") if self.key.strip("/") else []
        # An object may have such a name; a folder on disk, where a pod puts its copy, may not.
        if any(name in ("", ".", "..") for name in names):
            raise UsageError(
                "folder names separated by single slashes",
                repr(self.uri),
                f"write it like {self.scheme}://bucket/models/fruit, without '.', '..' and '//'",
            )
        return replace(self, key="/".join(names))

    def _validate(self, uri: str) -> None:
        if not self.scheme:
            raise UsageError(
                f"one of {', '.join(BUCKET_SCHEMES)}", repr(uri), "write s3://bucket/models"
            )
        pattern, characters = _NAMES[self.scheme]
        if not pattern.fullmatch(self.bucket) or ".." in self.bucket:
            raise UsageError(
                f"a bucket name in {self.scheme}://bucket/path: 3 or more {characters}",
                f"{self.bucket!r} in {uri!r}",
                "write the bucket's name as shown by `gcloud storage ls` or `aws s3 ls`",
            )
        if len(self.key.encode("utf-8", "surrogatepass")) > LONGEST_KEY:
            received = f"{len(self.key.encode('utf-8', 'surrogatepass'))} in {uri[:80]!r}..."
            raise UsageError(
                f"at most {LONGEST_KEY} bytes after the bucket", received, "shorten it"
            )
