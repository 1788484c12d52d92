"""Make a version appear in a bucket all at once or not at all, even with concurrent publishers.

An object store has no rename: a version is uploaded file by file to its final place. Every object
is created and none is overwritten (`If-None-Match: *`, `if_generation_match=0`), in this order:

1. `<model>/.claims/<n>` claims the number. It contains the digest of the coming manifest, so a
   publisher of the same files, such as the retry of a killed one, continues where that one stopped
   instead of starting another version.
2. `<model>/<n>/...`, all files except two, several at a time.
3. `saved_model.pb`. TensorFlow Serving, which polls a model root, treats any integer folder as a
   version and retries it for some minutes while it finds no model in it. Once it finds one, all
   that the model needs is there.
4. `manifest.json`. Once it exists, so does the version for everybody else.

KServe's storage initializer reads everything below the URI it is given, so it only ever gets the
URI of a version that exists.
"""

import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from viewfinder_components.errors import PermanentError
from viewfinder_components.storage.bucket_survey import Survey, claim_of, file_of, survey
from viewfinder_components.storage.checksums import size_of
from viewfinder_components.storage.location import Location
from viewfinder_components.storage.objects import ObjectClient, ObjectError
from viewfinder_components.storage.version import MANIFEST, next_number

_log = logging.getLogger(__name__)
_SAVED_MODEL = "saved_model.pb"
_UPLOADS = 4  # at a time: a servable has two large files, and small ones


class _SpoiltError(Exception):
    """The files below a number are not those written there."""


@dataclass(frozen=True)
class Publication:
    """One publisher's work on one set of files."""

    client: ObjectClient
    folder: Location
    """The model's."""
    servable: Path
    files: Mapping[str, str]
    """Every file's hexadecimal SHA-256 by its relative path; `manifest.json` among them."""
    spoilt: set[int] = field(default_factory=set)

    def publish(self, found: Survey) -> tuple[int, bool]:
        """Publish the files.

        Args:
            found: The folder's recent contents.

        Returns:
            The version's number, and whether it already was or became one without this publisher.

        Raises:
            ObjectError: The store rejects a request.
            PermanentError: A file does not match its digest, or the store does not support
                conditional writes, on which everything depends.
        """
        if same := self._published_before(found):
            return same, True
        while True:
            number = self._claim(found)
            try:
                return number, not self._fill(number)
            except _SpoiltError as reason:
                _log.warning("%s: %s; taking the next number", self._uri(number), reason)
                self.spoilt.add(number)

    def _published_before(self, found: Survey) -> int | None:
        """Find a version of exactly these files: the manifest contains each file's digest."""
        sizes = {name: size_of(self._path(name)) for name in self.files}
        for number in reversed(found.complete):
            files = found.numbers[number].files
            if files.get(MANIFEST) != sizes[MANIFEST]:
                continue
            try:
                manifest = self.client.read(file_of(self.folder, number, MANIFEST))
            except ObjectError as error:
                if error.kind != "missing":
                    raise
                continue  # removed meanwhile
            if sha256(manifest).hexdigest() != self.files[MANIFEST]:
                continue
            if files == sizes:
                return number
            _log.warning("%s is damaged: its files do not match its manifest", self._uri(number))
        return None

    def _claim(self, found: Survey) -> int:
        """Take a number: that of a publisher of the same files, or the next free one."""
        for number in found.unfinished():
            if number > found.newest and self._is_ours(number):
                return number
        number = next_number(found.numbers, self.folder.uri)
        while not self._take(number):
            number = next_number([number], self.folder.uri)
        return number

    def _take(self, number: int) -> bool:
        if not self._create_claim(number):
            return self._is_ours(number)
        if self._create_claim(number):
            raise PermanentError(
                f"a store at {self.folder.uri} that honours conditional writes (If-None-Match: *)",
                "one that overwrote an object",
                "update the store: without this, two publishers could share a version",
            )
        return True

    def _create_claim(self, number: int) -> bool:
        try:
            content = self.files[MANIFEST].encode()
            self.client.create(claim_of(self.folder, number), content)
        except ObjectError as error:
            if error.kind != "taken":
                raise
            return False
        return True

    def _is_ours(self, number: int) -> bool:
        """Whether a number was claimed for exactly these files and can still become a version."""
        if number in self.spoilt:
            return False
        claim = self.client.read(claim_of(self.folder, number))
        return claim == self.files[MANIFEST].encode()

    def _fill(self, number: int) -> bool:
        """Write what is missing; return whether the manifest was missing."""
        last = [name for name in (_SAVED_MODEL,) if name in self.files]
        first = self.files.keys() - {*last, MANIFEST}
        with ThreadPoolExecutor(_UPLOADS) as pool:
            list(pool.map(lambda name: self._put(number, name), sorted(first)))
        for name in last:
            self._put(number, name)
        self._need(number, self.files.keys() - {MANIFEST})
        return self._put(number, MANIFEST)

    def _put(self, number: int, name: str) -> bool:
        """Write a file unless it exists; return whether it was written."""
        key, path, digest = file_of(self.folder, number, name), self._path(name), self.files[name]
        try:
            self.client.upload(key, path, digest)
        except ObjectError as error:
            if error.kind != "taken":
                raise
            if not self.client.holds(key, path, digest):
                raise _SpoiltError(f"{name} has different content") from error
            return False
        return True

    def _need(self, number: int, names: Iterable[str]) -> None:
        """Check that nobody removed what was written, before the manifest vouches for it."""
        found = survey(self.client, self.folder).numbers.get(number)
        present = found.files.keys() - {MANIFEST} if found and found.claimed else frozenset()
        if present != set(names):
            difference = ", ".join(sorted(present ^ set(names)))
            raise _SpoiltError(f"its files are not those that were written: {difference}")

    def _path(self, name: str) -> Path:
        return self.servable / name

    def _uri(self, number: int) -> str:
        return self.folder.below(str(number)).uri
