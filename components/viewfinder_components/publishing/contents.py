"""What a servable or a published version holds, held against its manifest."""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewfinder_components.errors import PermanentError
from viewfinder_components.storage.version import MANIFEST

_AGAIN = "export the model again"


@dataclass(frozen=True)
class Contents:
    """The files that a manifest promises and those that are there."""

    manifest: dict[str, Any]
    promised: dict[str, str]
    """Hexadecimal SHA-256 by relative path; `manifest.json` itself is not among them."""
    present: frozenset[str]
    """Relative paths, without `manifest.json`."""

    @classmethod
    def read(cls, directory: Path) -> "Contents":
        """Read the manifest and list the files.

        Raises:
            PermanentError: There is no manifest or it is none, or the directory holds anything but
                files and directories.
        """
        manifest = read_manifest(directory)
        promised = {name: entry["sha256"] for name, entry in manifest["files"].items()}
        return cls(manifest, promised, frozenset(_list_files(directory)) - {MANIFEST})

    @property
    def missing(self) -> list[str]:
        """Files that are promised and not there."""
        return sorted(self.promised.keys() - self.present)

    @property
    def extra(self) -> list[str]:
        """Files that are there and not promised."""
        return sorted(self.present - self.promised.keys())


def read_manifest(directory: Path) -> dict[str, Any]:
    """Read `manifest.json`, with a digest for every name in `files`.

    Raises:
        PermanentError: It is missing or something else.
    """
    path = directory / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
        digests = [entry["sha256"] for entry in manifest["files"].values()]
    except OSError as error:
        received = error.strerror or str(error)
        raise PermanentError(f"a manifest {path}", received, _AGAIN) from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        received = f"something else ({type(error).__name__}: {error})"
        raise PermanentError(f"a manifest in {path}", received, _AGAIN) from error
    if not all(isinstance(digest, str) for digest in digests):
        raise PermanentError(f"digests of all files in {path}", "other values", _AGAIN)
    return dict(manifest)


def digest_file(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _list_files(directory: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(directory, onerror=_refuse):
        for name in folders + names:
            path = Path(folder, name)
            # A link may lead anywhere, and reading a pipe never ends.
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise PermanentError(
                    f"nothing but files and directories in {directory}",
                    f"{path.relative_to(directory)}, a link or a special file",
                    _AGAIN,
                )
        yield from (Path(folder, name).relative_to(directory).as_posix() for name in names)


def _refuse(error: OSError) -> None:
    raise PermanentError(
        f"a readable directory {error.filename}", error.strerror or str(error), _AGAIN
    ) from error
