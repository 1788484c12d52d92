"""Notice photos that change while a run goes on."""

from collections.abc import Iterator

from viewfinder_components.photos.candidate import Candidate
from viewfinder_components.photos.fingerprint import Fingerprint, counted_in, is_known

_CHANGED = (
    "The photos changed after the step fingerprint had listed them. If they were being uploaded, "
    "run again when that is finished."
)


class ChangeWatch:
    """Compares the photos with those that the step fingerprint listed, if it ran.

    Photos in a bucket that a table lists are not compared: each would need a request.

    Args:
        listed: What fingerprint returned; empty if it did not run.
        corrections: SHA-256 of the table of corrections as validate read it; empty without one.
    """

    def __init__(self, listed: str, corrections: bytes) -> None:
        self._listed = listed if is_known(listed) else ""
        self._found = Fingerprint(corrections)

    def watch(self, candidates: Iterator[Candidate]) -> Iterator[Candidate]:
        """Yield candidates, and remember them."""
        return counted_in(self._found, candidates) if self._listed else candidates

    def find_warnings(self) -> list[str]:
        """Return a sentence if there were other photos than before."""
        is_other = self._found.value not in ("", self._listed)
        return [_CHANGED] if self._listed and is_other else []
