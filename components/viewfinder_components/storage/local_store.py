"""A model root on a disk, or on a network file system with atomic renames."""

import errno
import hashlib
import logging
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from viewfinder_components.storage.copying import copy_files, sync_directory
from viewfinder_components.storage.locking import locked
from viewfinder_components.storage.model_name import validate_model_name
from viewfinder_components.storage.os_errors import explained
from viewfinder_components.storage.staging import clear_dead, staging_area
from viewfinder_components.storage.version import MANIFEST, Version

_log = logging.getLogger(__name__)
_NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)  # TensorFlow Serving's versions have 64 bits
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)


@dataclass(frozen=True)
class LocalStore:
    """Versions as directories `<root>/<model>/<integer>/`.

    A version appears by one rename, whole, and its files are read-only. The rename fails when the
    number is taken, so two publishers never share one, even where locks are not supported.
    """

    root: Path
    """An absolute path; need not exist yet."""

    def versions(self, model: str) -> list[Version]:
        """Return the complete versions, rising; none when the model or the root is not there.

        Names that are no integers, symbolic links and directories without a manifest are not ours
        and are ignored.

        Raises:
            PermanentError: The model's name is invalid, or the root cannot be read.
        """
        folder = self._folder(model)
        with explained(self.root):
            numbers = sorted(number for number in _numbers(folder) if _complete(folder, number))
        return [self._version(folder, number) for number in numbers]

    def latest(self, model: str) -> Version | None:
        """Return the version with the highest number, None before the first."""
        return max(self.versions(model), default=None)

    def add(self, model: str, servable: Path, files: Mapping[str, str]) -> tuple[Version, bool]:
        """Publish files as the next version, all or nothing; see `Store.add`.

        Raises:
            PermanentError: The root cannot be written, or a file is not what its digest says.
            TransientError: The root does not answer.
        """
        folder = self._folder(model)
        with explained(self.root):
            folder.mkdir(parents=True, exist_ok=True)
            clear_dead(folder)
            if same := self._published_before(model, files):
                return same, True
            with staging_area(folder) as content:
                copy_files(servable, content, files)
                # Held while looking again, or a retry beside a first try that still runs would
                # publish the same files twice.
                with locked(folder / ".lock"):
                    if same := self._published_before(model, files):
                        return same, True
                    return self._version(folder, _rename(content, folder)), False

    def _folder(self, model: str) -> Path:
        return self.root / validate_model_name(model)

    def _published_before(self, model: str, files: Mapping[str, str]) -> Version | None:
        """Find a version of these very files: their digests stand in the manifest as well."""
        for version in reversed(self.versions(model)):
            if _digest(version.path / MANIFEST) != files[MANIFEST]:
                continue
            if all(_digest(version.path / name) == digest for name, digest in files.items()):
                return version
            _log.warning("%s is damaged: its files differ from its manifest", version.path)
        return None

    @staticmethod
    def _version(folder: Path, number: int) -> Version:
        path = folder / str(number)
        return Version(number, f"file://{path}", path)


def _numbers(folder: Path) -> Iterator[int]:
    """Yield the numbers that are taken, by whatever."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return
    yield from (int(name) for name in names if _NUMBER.fullmatch(name))


def _complete(folder: Path, number: int) -> bool:
    path = folder / str(number)
    return not path.is_symlink() and (path / MANIFEST).is_file()


def _rename(content: Path, folder: Path) -> int:
    """Let `content` appear below `folder` under the next number that is free."""
    while True:
        number = max(_numbers(folder), default=0) + 1
        try:
            os.rename(content, folder / str(number))
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
            continue  # another publisher was faster
        sync_directory(folder)
        return number


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
