"""The files of a servable or a version, checked against its manifest."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from viewfinder_components.errors import PermanentError, reason_of
from viewfinder_components.storage.checksums import digest_file
from viewfinder_components.storage.version import MANIFEST

SCHEMA_VERSION = 1
"""The schema version of manifests that this release writes and reads."""

_AGAIN = "copy the version again, or export and publish the model again"


@dataclass(frozen=True)
class Manifest:
    """The contents of a manifest."""

    values: dict[str, Any]
    promised: dict[str, str]
    """Hexadecimal SHA-256 by relative path; `manifest.json` itself is not included."""

    @property
    def run_id(self) -> Any:
        """The run that made the version, None if the manifest names none."""
        return self.values.get("run_id")

    @classmethod
    def read(cls, directory: Path) -> "Manifest":
        """Read `manifest.json`.

        Raises:
            PermanentError: It is missing or invalid.
        """
        path = directory / MANIFEST
        try:
            content = path.read_bytes()
        except OSError as error:
            received = reason_of(error)
            raise PermanentError(f"a manifest {path}", received, _AGAIN) from error
        return cls.parse(content, str(path))

    @classmethod
    def parse(cls, content: bytes, name: str) -> "Manifest":
        """Parse a manifest.

        Args:
            content: The file.
            name: Its location, for the error.

        Raises:
            PermanentError: It is not a manifest with a digest for every name in `files`, has
                another schema, or a name leads outside the version.
        """
        try:
            values = json.loads(content)
            promised = {name: entry["sha256"] for name, entry in values["files"].items()}
            schema = values.get("schema_version", SCHEMA_VERSION)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            received = f"something else ({type(error).__name__}: {error})"
            raise PermanentError(f"a manifest in {name}", received, _AGAIN) from error
        if schema != SCHEMA_VERSION:
            raise PermanentError(
                f"a manifest of schema version {SCHEMA_VERSION} in {name}",
                f"schema version {str(schema)[:20]}",
                "use the release of viewfinder that wrote it, or a newer one",
            )
        if wrong := [value for value in promised.values() if not isinstance(value, str)]:
            raise PermanentError(f"digests of all files in {name}", repr(wrong[0])[:80], _AGAIN)
        if outside := [file for file in promised if not _lies_below(file)]:
            raise PermanentError(f"files below the version in {name}", f"{outside}", _AGAIN)
        return cls(values, promised)


@dataclass(frozen=True)
class Contents:
    """The files that a manifest lists and those that exist."""

    directory: Path
    manifest: dict[str, Any]
    promised: dict[str, str]
    """Hexadecimal SHA-256 by relative path; `manifest.json` itself is not included."""
    present: frozenset[str]
    """Relative paths, without `manifest.json`."""

    @classmethod
    def read(cls, directory: Path) -> "Contents":
        """Read the manifest and list the files.

        Raises:
            PermanentError: There is no valid manifest, or the directory contains anything but
                files and directories.
        """
        manifest = Manifest.read(directory)
        present = frozenset(_list_files(directory)) - {MANIFEST}
        return cls(directory, manifest.values, manifest.promised, present)

    @property
    def missing(self) -> list[str]:
        """Files that are listed but do not exist."""
        return sorted(self.promised.keys() - self.present)

    @property
    def extra(self) -> list[str]:
        """Files that exist but are not listed."""
        return sorted(self.present - self.promised.keys())

    def differences(self) -> str:
        """Read every file and describe differences from the manifest; empty if there are none."""
        both = self.present & self.promised.keys()
        found = {
            "missing": self.missing,
            "extra": self.extra,
            "changed": changed_files(self.directory, self.promised, both),
        }
        return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in found.items() if names)


def changed_files(directory: Path, promised: dict[str, str], names: Iterable[str]) -> list[str]:
    """Return which of the files have contents other than listed, sorted.

    Raises:
        PermanentError: A file cannot be read.
    """
    found = digest_files(directory, names)
    return sorted(name for name, digest in found.items() if digest != promised.get(name))


def digest_files(directory: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of each of the files, hexadecimal, by name.

    Raises:
        PermanentError: A file cannot be read.
    """
    try:
        return {name: digest_file(directory / name) for name in names}
    except OSError as error:
        raise PermanentError(
            f"a readable file {error.filename}", reason_of(error), _AGAIN
        ) from error


def _lies_below(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and "\0" not in name


def _list_files(directory: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(directory, onerror=_refuse):
        for name in folders + names:
            path = Path(folder, name)
            # A link may lead anywhere, and reading a pipe never ends.
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise PermanentError(
                    f"only files and directories in {directory}",
                    f"{path.relative_to(directory)}, a link or a special file",
                    _AGAIN,
                )
        yield from (Path(folder, name).relative_to(directory).as_posix() for name in names)


def _refuse(error: OSError) -> None:
    raise PermanentError(
        f"a readable directory {error.filename}", reason_of(error), _AGAIN
    ) from error
