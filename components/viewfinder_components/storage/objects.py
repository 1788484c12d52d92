"""The operations of an object store, of any vendor, and how they may fail."""

from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

Action = Literal["list", "read", "create", "delete"]
ErrorKind = Literal[
    "taken",  # the name to be created already exists
    "missing",  # no such object
    "no_bucket",
    "forbidden",
    "no_credentials",
    "archived",  # S3 Glacier: it must be restored before it can be read
    "damaged",  # the data changed in transit
    "refused",  # any other rejection that a retry does not change
    "unreachable",  # no answer, or a request to retry later
    "broken_off",  # the answer was interrupted
]
_PASSING = ("unreachable", "broken_off", "damaged")


class ObjectError(Exception):
    """An object store's failure to do what it was asked.

    Internal to the packages that use object stores: they turn it into an error with a remedy, or
    into a row of the index.

    Args:
        kind: What went wrong.
        action: What was requested.
        detail: What the store or its library said.
    """

    def __init__(self, kind: ErrorKind, action: Action, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.action = action
        self.detail = detail

    @property
    def passing(self) -> bool:
        """Whether a retry may help."""
        return self.kind in _PASSING


class ObjectInfo(NamedTuple):
    """An object in a listing."""

    name: str
    """Its whole key."""
    size: int
    """Size in bytes."""
    updated: datetime
    """When it was written, by the store's clock."""
    tag: str
    """Another one if the object was written with other contents."""


class Page(NamedTuple):
    """One page of a listing."""

    objects: list[ObjectInfo]
    """In the order of their keys' bytes."""
    folders: list[str]
    """Keys up to and including the delimiter, if one was given."""
    following: str | None
    """The token for the next page; None on the last."""


class ObjectClient(Protocol):
    """A bucket. Thread-safe; every method raises ObjectError and retries errors that may pass."""

    scheme: str
    bucket: str

    def page(self, prefix: str, delimiter: str = "", following: str | None = None) -> Page:
        """List up to 1,000 keys that start with `prefix`."""

    def stat(self, name: str) -> ObjectInfo:
        """Get an object's properties without reading it.

        If it is missing, the error's kind tells whether its bucket is, too.
        """

    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        """Read the bytes from `start` to `stop`, to the end by default.

        A whole object is checked against the store's checksum. There must be at least one byte
        from `start` on, unless everything is read.
        """

    def create(self, name: str, content: bytes) -> None:
        """Write a small object, unless the name is taken."""

    def upload(self, name: str, path: Path, sha256: str, replace: bool = False) -> None:
        """Write a file, unless the name is taken; nothing appears until all of it has arrived.

        What was read is checked against `sha256`, and the store's checksum of what it received
        against what was sent. With `replace`, an object of this name is replaced: readers get the
        old one until the new one is complete. If what arrived is damaged, the store refuses it and
        keeps the old object; should it notice only after it has replaced the old one, the damaged
        object is deleted and there is neither.
        """

    def holds(self, name: str, path: Path, sha256: str) -> bool:
        """Whether an object is exactly this file, by size and by the store's checksum."""

    def delete(self, name: str) -> None:
        """Delete an object; it may already be gone."""
