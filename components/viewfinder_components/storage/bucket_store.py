"""A model root in a bucket of any supported object store."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from viewfinder_components.errors import PermanentError
from viewfinder_components.storage.bucket_errors import explained
from viewfinder_components.storage.bucket_publishing import Publication
from viewfinder_components.storage.bucket_removal import clear_dead, reason_to_keep, remove_version
from viewfinder_components.storage.bucket_survey import file_of, survey
from viewfinder_components.storage.contents import Manifest
from viewfinder_components.storage.downloading import download_version
from viewfinder_components.storage.listing import list_folders
from viewfinder_components.storage.location import Location
from viewfinder_components.storage.model_name import is_model_name, validate_model_name
from viewfinder_components.storage.objects import ObjectClient, ObjectError
from viewfinder_components.storage.version import MANIFEST, RECENT, Version, parse_number

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BucketStore:
    """Versions as folders `<root>/<model>/<integer>/` in a bucket.

    See `bucket_publishing` for how a version appears at once without a rename.
    """

    client: ObjectClient
    root: Location

    def models(self) -> list[str]:
        """Return the names of the models that have a version; see `Store.models`.

        A folder with a number in it counts as one: other contents of the bucket are not listed.

        Raises:
            PermanentError: The bucket cannot be listed.
            TransientError: The store does not answer.
        """
        prefix = f"{self.root.key}/" if self.root.key else ""
        with explained(self.root):
            names = filter(is_model_name, list_folders(self.client, prefix))
            return sorted(name for name in names if self._has_numbers(f"{prefix}{name}/"))

    def versions(self, model: str) -> list[Version]:
        """Return the complete versions, ascending; none if there is nothing.

        Raises:
            PermanentError: The model's name is invalid, or the bucket cannot be listed.
            TransientError: The store does not answer.
        """
        folder = self._folder(model)
        with explained(folder):
            numbers = survey(self.client, folder).complete
        return [_version(folder, number) for number in numbers]

    def latest(self, model: str) -> Version | None:
        """Return the version with the highest number, None before the first."""
        return max(self.versions(model), default=None)

    def published_by(self, model: str, run_id: str) -> Iterator[tuple[Version, Manifest]]:
        """Yield a run's versions among the newest; see `Store.published_by`."""
        folder = self._folder(model)
        with explained(folder):
            found = survey(self.client, folder)
        for number in found.complete[: -RECENT - 1 : -1]:
            version = _version(folder, number)
            content = self._manifest(folder, number)
            if content is None:
                continue
            try:
                manifest = Manifest.parse(content, version.uri)
            except PermanentError as error:
                _log.warning("%s is damaged: %s", version.uri, error)
                continue
            if manifest.run_id != run_id:
                continue
            if found.numbers[number].files.keys() == {*manifest.promised, MANIFEST}:
                yield version, manifest
            else:
                _log.warning("%s is damaged: its files do not match its manifest", version.uri)

    def add(self, model: str, servable: Path, files: Mapping[str, str]) -> tuple[Version, bool]:
        """Publish files as the next version, all or nothing; see `Store.add`.

        Raises:
            PermanentError: The bucket cannot be written, or a file does not match its digest.
            TransientError: The store does not answer.
        """
        folder = self._folder(model)
        with explained(folder):
            found = survey(self.client, folder)
            clear_dead(self.client, folder, found)
            number, reused = Publication(self.client, folder, servable, files).publish(found)
        return _version(folder, number), reused

    def fetch(self, version: Version, cache: Path) -> Path:
        """Download a version into `cache`, or find it there; see `Store.fetch`."""
        place = Location.parse(version.uri)
        with explained(place):
            return download_version(self.client, place, cache)

    def read(self, version: Version, name: str) -> bytes:
        """Return one file of a version; see `Store.read`."""
        place = Location.parse(version.uri).below(name)
        with explained(place):
            try:
                return self.client.read(place.key)
            except ObjectError as error:
                if error.kind != "missing":
                    raise
                raise PermanentError(
                    f"{name} in the version {version.uri}", "no such file", "choose another version"
                ) from error

    def reason_to_keep(self, model: str, version: Version) -> str:
        """Return why a version is not ours to remove; see `Store.reason_to_keep`."""
        folder = self._folder(model)
        with explained(folder):
            return reason_to_keep(self.client, folder, version.number)

    def remove(self, model: str, version: Version) -> None:
        """Remove a version; see `Store.remove`."""
        folder = self._folder(model)
        with explained(folder):
            if reason := reason_to_keep(self.client, folder, version.number):
                raise PermanentError(f"a version of ours at {version.uri}", reason, "keep it")
            remove_version(self.client, folder, version.number)

    def _manifest(self, folder: Location, number: int) -> bytes | None:
        """Return a version's manifest; None if the version was removed meanwhile."""
        with explained(folder):
            try:
                return self.client.read(file_of(folder, number, MANIFEST))
            except ObjectError as error:
                if error.kind != "missing":
                    raise
                return None

    def _has_numbers(self, prefix: str) -> bool:
        return any(parse_number(name) for name in list_folders(self.client, prefix))

    def _folder(self, model: str) -> Location:
        return self.root.below(validate_model_name(model))


def _version(folder: Location, number: int) -> Version:
    return Version(number, folder.below(str(number)).uri)
