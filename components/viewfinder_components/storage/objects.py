"""What an object store can do, whoever makes it, and how it may fail."""

from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

Action = Literal["list", "read", "create", "delete"]
ErrorKind = Literal[
    "taken",  # the name that was to be created exists
    "missing",  # no such object
    "no_bucket",
    "forbidden",
    "no_credentials",
    "archived",  # S3 Glacier: it must be restored before it can be read
    "damaged",  # what arrived is not what was sent
    "refused",  # any other answer that a retry does not change
    "unreachable",  # no answer, or one that says: later
    "broken_off",  # the answer began and did not end
]
_PASSING = ("unreachable", "broken_off")


class ObjectError(Exception):
    """What an object store answered instead of doing what it was asked.

    Internal to the rooms that speak with stores: they turn it into an error with a remedy, or into
    a row of the index.

    Args:
        kind: What went wrong.
        action: What it was asked.
        detail: What the store or its library said.
    """

    def __init__(self, kind: ErrorKind, action: Action, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.action = action
        self.detail = detail

    @property
    def passing(self) -> bool:
        """Whether asking again may help."""
        return self.kind in _PASSING


class ObjectInfo(NamedTuple):
    """An object as a listing tells of it."""

    name: str
    """Its whole key."""
    size: int
    """Bytes."""
    updated: datetime
    """When it was written, by the store's clock."""


class Page(NamedTuple):
    """A part of a listing."""

    objects: list[ObjectInfo]
    """In the order of their keys' bytes."""
    folders: list[str]
    """Keys up to and with the delimiter, where one was given."""
    following: str | None
    """What to ask the next page with; None on the last."""


class ObjectClient(Protocol):
    """A bucket. Thread-safe; every method raises ObjectError and tries again what may pass."""

    scheme: str
    bucket: str

    def page(self, prefix: str, delimiter: str = "", following: str | None = None) -> Page:
        """List up to 1,000 keys that begin with `prefix`."""

    def stat(self, name: str) -> ObjectInfo:
        """Look at an object without reading it."""

    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        """Read the bytes from `start` to `stop`, to the end by default.

        A whole object is held against the checksum that the store keeps. There must be at least
        one byte from `start` on, unless all is read.
        """

    def create(self, name: str, content: bytes) -> None:
        """Write a small object, unless the name is taken."""

    def upload(self, name: str, path: Path, sha256: str) -> None:
        """Write a file, unless the name is taken; nothing appears before all of it has arrived.

        What was read is held against `sha256`, and what the store says that it received against
        what was sent.
        """

    def holds(self, name: str, path: Path, sha256: str) -> bool:
        """Whether an object is this very file, by size and by the checksum that the store keeps."""

    def delete(self, name: str) -> None:
        """Delete an object; it may be gone already."""
