"""A model root on a disk, or on a network file system with atomic renames."""

import errno
import logging
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from viewfinder_components.errors import PermanentError
from viewfinder_components.storage.checksums import digest_file
from viewfinder_components.storage.contents import Contents, Manifest
from viewfinder_components.storage.copying import copy_files, make_folder, sync_directory
from viewfinder_components.storage.locking import locked
from viewfinder_components.storage.model_name import is_model_name, validate_model_name
from viewfinder_components.storage.os_errors import explained
from viewfinder_components.storage.staging import clear_dead, staging_area
from viewfinder_components.storage.version import (
    MANIFEST,
    RECENT,
    Version,
    next_number,
    parse_number,
)

_log = logging.getLogger(__name__)
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)


@dataclass(frozen=True)
class LocalStore:
    """Versions as directories `<root>/<model>/<integer>/`.

    A version appears complete, by one rename, and its files are read-only. The rename fails if the
    number is taken, so two publishers never share one, even where locks are not supported.
    """

    root: Path
    """An absolute path; may not exist yet."""
    uri: str = ""
    """The root's URI for others; empty for `file://` and the path."""

    def models(self) -> list[str]:
        """Return the names of the models that have a version; see `Store.models`.

        Raises:
            PermanentError: The root cannot be read.
        """
        with explained(self.root):
            names = filter(is_model_name, os.listdir(self.root) if self.root.exists() else ())
            return sorted(name for name in names if self.versions(name))

    def versions(self, model: str) -> list[Version]:
        """Return the complete versions, ascending; none if the model or the root does not exist.

        Names that are not integers, symbolic links and directories without a manifest are not ours
        and are ignored.

        Raises:
            PermanentError: The model's name is invalid, or the root cannot be read.
        """
        folder = self._folder(model)
        with explained(self.root):
            numbers = sorted(number for number in _numbers(folder) if _complete(folder, number))
        return [self._version(model, number) for number in numbers]

    def latest(self, model: str) -> Version | None:
        """Return the version with the highest number, None before the first."""
        return max(self.versions(model), default=None)

    def published_by(self, model: str, run_id: str) -> Iterator[tuple[Version, Manifest]]:
        """Yield a run's versions among the newest; see `Store.published_by`."""
        for version in self.versions(model)[: -RECENT - 1 : -1]:
            path = self._path(version)
            try:
                manifest = Manifest.read(path)
                if manifest.run_id != run_id:
                    continue
                # Reads every byte, so only for the versions in question.
                difference = Contents.read(path).differences()
            except PermanentError as error:
                if not path.exists():  # removed meanwhile
                    continue
                difference = str(error)
            if difference:
                _log.warning("%s is damaged: %s", path, difference)
            else:
                yield version, manifest

    def add(self, model: str, servable: Path, files: Mapping[str, str]) -> tuple[Version, bool]:
        """Publish files as the next version, all or nothing; see `Store.add`.

        Raises:
            PermanentError: The root cannot be written, a file does not match its digest, or no
                higher number is left.
            TransientError: The root does not answer.
        """
        folder = self._folder(model)
        with explained(self.root):
            make_folder(folder)
            clear_dead(folder)
            if same := self._published_before(model, files):
                return same, True
            with staging_area(folder) as content:
                copy_files(servable, content, files)
                # Held while checking again, or a retry during a first attempt still running would
                # publish the same files twice.
                with locked(folder / ".lock"):
                    if same := self._published_before(model, files):
                        return same, True
                    version = self._version(model, _rename(content, folder))
            _warn_if_unreachable(folder)
            return version, False

    def fetch(self, version: Version, cache: Path) -> Path:
        """Return where a version is; nothing is copied. See `Store.fetch`."""
        return self._path(version)

    def read(self, version: Version, name: str) -> bytes:
        """Return one file of a version; see `Store.read`."""
        path = self._path(version) / name
        with explained(self.root):
            try:
                return path.read_bytes()
            except FileNotFoundError as error:
                raise PermanentError(
                    f"{name} in the version {version.uri}", "no such file", "choose another version"
                ) from error

    def reason_to_keep(self, model: str, version: Version) -> str:
        """Return why a version is not ours to remove; see `Store.reason_to_keep`."""
        if version not in self.versions(model):
            return "there is no such version"
        try:
            extra = Contents.read(self._path(version)).extra
        except PermanentError as error:
            return str(error)
        return f"it contains files of another program: {', '.join(extra)}" if extra else ""

    def remove(self, model: str, version: Version) -> None:
        """Remove a version with a single rename; see `Store.remove`."""
        if reason := self.reason_to_keep(model, version):
            raise PermanentError(f"a version of ours at {version.uri}", reason, "keep it")
        folder = self._folder(model)
        with explained(self.root):
            clear_dead(folder)
            with staging_area(folder) as area:
                os.rename(self._path(version), area)
                sync_directory(folder)

    def _folder(self, model: str) -> Path:
        return self.root / validate_model_name(model)

    def _published_before(self, model: str, files: Mapping[str, str]) -> Version | None:
        """Find a version of exactly these files: the manifest contains each file's digest."""
        for version in reversed(self.versions(model)):
            path = self._path(version)
            if _digest(path / MANIFEST) != files[MANIFEST]:
                continue
            if all(_digest(path / name) == digest for name, digest in files.items()):
                return version
            _log.warning("%s is damaged: its files differ from its manifest", path)
        return None

    def _version(self, model: str, number: int) -> Version:
        below = f"{model}/{number}"
        return Version(number, f"{self.uri}/{below}" if self.uri else f"file://{self.root / below}")

    def _path(self, version: Version) -> Path:
        model, number = version.uri.rsplit("/", 2)[1:]
        return self.root / model / number


def _numbers(folder: Path) -> Iterator[int]:
    """Yield the numbers that are taken, by anything."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return
    yield from (number for name in names if (number := parse_number(name)) is not None)


def _complete(folder: Path, number: int) -> bool:
    path = folder / str(number)
    return not path.is_symlink() and (path / MANIFEST).is_file()


def _rename(content: Path, folder: Path) -> int:
    """Make `content` appear below `folder` under the next free number."""
    while True:
        number = next_number(_numbers(folder), str(folder))
        try:
            os.rename(content, folder / str(number))
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
            continue  # another publisher was faster
        sync_directory(folder)
        return number


def _warn_if_unreachable(folder: Path) -> None:
    """Log which folder above a version only its owner can enter."""
    closed = [path for path in (folder, *folder.parents) if not path.stat().st_mode & stat.S_IXOTH]
    if closed:
        _log.warning(
            "other users cannot reach the versions in %s: %s is closed to them (chmod o+x it to "
            "serve as another user)",
            folder,
            closed[-1],
        )


def _digest(path: Path) -> str | None:
    try:
        return digest_file(path)
    except OSError:
        return None
