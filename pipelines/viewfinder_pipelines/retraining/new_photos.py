"""Notice that new labelled photos have appeared; none of them is read."""

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from viewfinder_components.errors import PermanentError, ViewfinderError, reason_of
from viewfinder_components.photos.candidate import Candidate
from viewfinder_components.photos.find import list_labelled_photos
from viewfinder_components.photos.fingerprint import Fingerprint, with_stamps
from viewfinder_components.photos.judgement import is_named_otherwise
from viewfinder_components.photos.stamp import Unseen
from viewfinder_components.run_reason import RunReason
from viewfinder_components.spelling import spell, spelled_in_settings
from viewfinder_components.whole_files import replacing
from viewfinder_components.writing import writing
from viewfinder_pipelines.pipeline.registry import TRAINING
from viewfinder_pipelines.retraining.figures import Figures
from viewfinder_pipelines.retraining.receiver import Receiver
from viewfinder_pipelines.retraining.state import ModelState
from viewfinder_pipelines.settings.retraining import RetrainingSettings, name_table

_log = logging.getLogger(__name__)

_DIGEST_BYTES = 8  # of a photo: with a million photos, two share one in 1 of 37 million lists


@dataclass(frozen=True)
class Listing:
    """The photos that there are.

    Attributes:
        photos: A digest of each labelled photo's URI and label.
        fingerprint: Changes with the list, and with each photo; empty if one cannot be looked at.
    """

    photos: frozenset[bytes]
    fingerprint: str


def list_now(data: str, layout: str) -> Listing:
    """List the photos as the step `fingerprint` does.

    Args:
        data: The parameter `data`.
        layout: The parameter `layout`.

    Raises:
        PermanentError: There is nothing, or nothing readable.
        TransientError: An object store does not answer.
    """
    photos, fingerprint = set(), Fingerprint()
    for candidate, stamp in with_stamps(list_labelled_photos(data, layout)):
        fingerprint.add(candidate, None if isinstance(stamp, Unseen) else stamp)
        if _may_be_labelled_photo(candidate):
            facts = f"{candidate.uri}\0{candidate.label}".encode("utf-8", "surrogatepass")
            photos.add(hashlib.blake2b(facts, digest_size=_DIGEST_BYTES).digest())
    return Listing(frozenset(photos), fingerprint.value)


def _may_be_labelled_photo(candidate: Candidate) -> bool:
    has_label = candidate.label is not None and candidate.flaw is None
    return has_label and not is_named_otherwise(candidate.uri)


class PhotoWatch:
    """Counts a model's new photos, and proposes a run when there are enough.

    Photos are new that were not there when the photos were first listed after the last run had
    started. A photo with another label is new, too.

    Args:
        model: The model.
        settings: How many photos start a run, and when.
        folder: Where the list of photos that are not new is kept.
        source: The parameters `data` and `layout`.
        receiver: What decides about runs.
        figures: What is counted.
        clock: The time in seconds since 1970.
    """

    def __init__(
        self,
        model: str,
        settings: RetrainingSettings,
        folder: Path,
        source: tuple[str, str],
        receiver: Receiver,
        figures: Figures,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.model = model
        self.poll_seconds = settings.poll_seconds
        self._settings = settings
        self._base_file = folder / f"{model}.photos"
        self._source = source
        self._receiver = receiver
        self._figures = figures
        self._clock = clock

    def look(self) -> str | None:
        """List the photos once; return the name of the run that is to start, if any.

        Raises:
            ViewfinderError: The photos cannot be listed, or the state cannot be kept.
        """
        try:
            with spelled_in_settings(name_table(self.model), TRAINING.parameters):
                listing = list_now(*self._source)
        except ViewfinderError:
            self._figures.failed.labels(self.model, "list").inc()
            raise
        now, known = self._clock(), self._receiver.state.of(self.model)
        known = self._note_changes(listing, known, now)
        base = self._read_base()
        if base is None or _has_started_since(known):
            self._set_base(listing, known, now)
            base = listing.photos
        new = len(listing.photos - base)
        self._figures.new_photos.labels(self.model).set(new)
        is_quiet = bool(listing.fingerprint) and now - known.changed >= self._settings.quiet_seconds
        if new < self._settings.new_photos or not is_quiet:
            return None
        since = datetime.fromtimestamp(known.base_time, UTC).isoformat(timespec="seconds")
        return self._receiver.propose(self.model, RunReason("data", photos=new, since=since))

    def _note_changes(self, listing: Listing, known: ModelState, now: float) -> ModelState:
        is_future = known.changed > now  # the clock was set back: wait from now on
        if listing.fingerprint == known.listed and not is_future:
            return known
        self._receiver.update(
            self.model, lambda one: replace(one, listed=listing.fingerprint, changed=now)
        )
        return replace(known, listed=listing.fingerprint, changed=now)

    def _read_base(self) -> frozenset[bytes] | None:
        try:
            content = self._base_file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise PermanentError(
                f"a list of photos that can be read in {self._base_file}",
                reason_of(error),
                "correct its permissions, or delete it: new photos are then counted from now on",
            ) from error
        if len(content) % _DIGEST_BYTES:
            _log.warning("%s is damaged: new photos are counted from now on", self._base_file)
            return None
        starts = range(0, len(content), _DIGEST_BYTES)
        return frozenset(content[start : start + _DIGEST_BYTES] for start in starts)

    def _set_base(self, listing: Listing, known: ModelState, now: float) -> None:
        remedy = f"name another with {spell('state')}"
        with (
            writing(self._base_file.parent, "the receiver's state", remedy),
            replacing(self._base_file) as temporary,
        ):
            temporary.write_bytes(b"".join(sorted(listing.photos)))
        run = known.last.name if known.last is not None and known.last.run_id else known.base
        self._receiver.update(self.model, lambda one: replace(one, base=run, base_time=now))
        count = len(listing.photos)
        _log.info("%s: there are %d photos; new ones are counted from now on", self.model, count)


def _has_started_since(known: ModelState) -> bool:
    """Whether a run has started since the photos were listed that are not new."""
    return known.last is not None and bool(known.last.run_id) and known.last.name != known.base
