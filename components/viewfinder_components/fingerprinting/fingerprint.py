"""List the photos, and identify what the list says about each."""

import hashlib
from dataclasses import dataclass

from viewfinder_components.errors import PermanentError
from viewfinder_components.fingerprinting.config import FingerprintConfig
from viewfinder_components.photos.candidate import Candidate
from viewfinder_components.photos.corrections_file import read_corrections_file
from viewfinder_components.photos.find import list_labelled_photos
from viewfinder_components.photos.fingerprint import Fingerprint, unrepeated, with_stamps
from viewfinder_components.photos.stamp import MISSING, Unseen
from viewfinder_components.progress import Progress
from viewfinder_components.reports.formatting import plural
from viewfinder_components.timing import Stopwatch


@dataclass(frozen=True)
class PhotosFingerprint:
    """The state of the photos."""

    value: str
    """64 hexadecimal digits: others if a photo, a label or the corrections have changed. If a photo
    could not be looked at, `unknown-` and digits that never occur again."""
    files: int
    """Everything found, photos or not."""
    unseen: int
    """The photos among them that could not be looked at."""
    reason: str
    """Why the first of these could not; empty if there are none."""
    seconds: dict[str, float]
    """Wall-clock seconds by phase."""

    @property
    def summary(self) -> str:
        """The result in a sentence."""
        files = plural(self.files, "file")
        if self.unseen:
            return (
                f"{files}, {self.unseen:,} of which could not be looked at, so that no step is "
                f"skipped: {self.reason}"
            )
        return f"{files} with the fingerprint {self.value[:12]}"


def fingerprint_photos(config: FingerprintConfig) -> PhotosFingerprint:
    """Identify the photos by what their source says about them; none of them is read.

    A bucket is listed, a thousand objects per request. Only the photos that a table lists in a
    bucket need a request each.

    Args:
        config: Where the photos and the corrections are.

    Raises:
        PermanentError: There is nothing, or nothing readable, there are no credentials for an
            object store, or none of the photos that a table lists can be looked at.
        TransientError: An object store does not answer.
    """
    watch = Stopwatch("fingerprint")
    with watch.phase("list"):
        table = read_corrections_file(config.corrections) if config.corrections else b""
        found, sight = Fingerprint(hashlib.sha256(table).digest()), _Sight()
        progress = Progress("fingerprint: files", None)
        for candidate, stamp in with_stamps(list_labelled_photos(config.data, config.layout)):
            sight.count(candidate, stamp)
            found.add(candidate, None if isinstance(stamp, Unseen) else stamp)
            progress.advance()
        progress.finish()
    sight.need_one(config.data)
    value = found.value or unrepeated()
    reason = str(sight.reason or "")
    return PhotosFingerprint(value, found.files, sight.unseen, reason, watch.seconds)


class _Sight:
    """How many photos could be looked at."""

    def __init__(self) -> None:
        self.unseen = 0
        self.reason: Exception | None = None
        self._is_any_seen = False
        self._missing = ""

    def count(self, candidate: Candidate, stamp: str | Unseen) -> None:
        if isinstance(stamp, Unseen):
            self.unseen += 1
            self.reason = self.reason or stamp.error
        elif stamp == MISSING:
            self._missing = self._missing or candidate.uri
        elif not candidate.flaw:
            self._is_any_seen = True

    def need_one(self, data: str) -> None:
        """Refuse photos of which none was seen: no change of them would ever be noticed."""
        if self._is_any_seen:
            return
        if self.reason:
            raise self.reason
        if self._missing:
            raise PermanentError(
                f"photos that exist in {data}",
                f"none: there is no {self._missing}, for example",
                "correct the table, or give the step fingerprint the volumes, the secrets and the "
                "store's address that validate has",
            )
