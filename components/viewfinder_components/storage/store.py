"""Model roots: where versions are published, chosen by the scheme of a URI."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from viewfinder_components.errors import UsageError
from viewfinder_components.storage.bucket_store import BucketStore
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.contents import Manifest
from viewfinder_components.storage.local_store import LocalStore
from viewfinder_components.storage.location import BUCKET_SCHEMES, Location
from viewfinder_components.storage.pvc import PVC, open_claim
from viewfinder_components.storage.version import Version

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/")
_WORKS = f"a model root that is a path, file:///path, {', '.join(BUCKET_SCHEMES)} or {PVC}"


class Store(Protocol):
    """The operations of a model root, on a disk or in a bucket.

    Every `model` is validated by `validate_model_name`; PermanentError and TransientError describe
    what went wrong.
    """

    def models(self) -> list[str]:
        """Return the names of the models that have a version, sorted."""

    def versions(self, model: str) -> list[Version]:
        """Return the complete versions, ascending; none if the model or the root does not exist."""

    def latest(self, model: str) -> Version | None:
        """Return the version with the highest number, None before the first."""

    def published_by(self, model: str, run_id: str) -> Iterator[tuple[Version, Manifest]]:
        """Yield a run's versions among the newest, with their manifests; newest first.

        A version that does not match its manifest is left out. Only the manifests of other runs'
        versions are read, and at most `RECENT` versions.

        Args:
            model: The model's name.
            run_id: The run, as recorded in the manifest.
        """

    def add(self, model: str, servable: Path, files: Mapping[str, str]) -> tuple[Version, bool]:
        """Publish `files` as the next version, all or nothing.

        Args:
            model: The model's name.
            servable: The directory that contains the files.
            files: Every file's hexadecimal SHA-256 by its relative path, including
                `manifest.json`. What is copied is checked against it.

        Returns:
            The version, and whether exactly these files were a version before.
        """

    def fetch(self, version: Version, cache: Path) -> Path:
        """Return a folder on this machine with a version's files, named by its number.

        Args:
            version: One of this store's.
            cache: Where to put downloads; they are verified, and reused next time.
        """

    def read(self, version: Version, name: str) -> bytes:
        """Return one file of a version.

        Args:
            version: One of this store's.
            name: The file's relative path, as in the manifest.

        Raises:
            PermanentError: It does not exist, for example because the version was removed.
        """

    def reason_to_keep(self, model: str, version: Version) -> str:
        """Return in words why a version is not ours to remove; empty if it is."""

    def remove(self, model: str, version: Version) -> None:
        """Remove a version. Readers see it complete or not at all, even if this is interrupted.

        Raises:
            PermanentError: It is not ours to remove.
        """


def open_store(root: str) -> Store:
    """Open the model root of a URI or a path.

    Args:
        root: `/models`, `models`, `~/models`, `file:///models`, `gs://bucket/models`,
            `s3://bucket/models` (or `minio://`), or `pvc://claim/models` in a pod that mounts the
            claim. Nothing is created before `add`.

    Raises:
        UsageError: The URI's scheme is not supported, or it names a place that cannot exist.
    """
    remedy = "set model_root, to /srv/models for example"
    if not root.strip() or "\0" in root:
        raise UsageError(_WORKS, repr(root), remedy)
    match = _SCHEME.match(root)
    if match is None:
        return LocalStore(Path(os.path.expanduser(root)).absolute())
    if root.lower().startswith(BUCKET_SCHEMES):
        location = Location.parse(root).normalized()
        return BucketStore(open_client(location), location)
    if root.lower().startswith(PVC):
        return open_claim(root)
    if match[1].lower() != "file":
        raise UsageError(_WORKS, f"{root!r} ({match[1]}:// is not supported)", remedy)
    path = re.sub(r"^//(localhost(?=/))?", "", root[len("file:") :])
    if not path.startswith("/"):
        raise UsageError("a file URI with three slashes", repr(root), f"write file:///{path}")
    return LocalStore(Path(path))
