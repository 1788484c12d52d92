"""What every source of photos yields."""

import unicodedata
from typing import NamedTuple, Protocol

from viewfinder_components.photos.uri import quote

SPLITS = ("train", "val", "test")

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
"""What people call a split, in lower case, and its name here."""


class Flaw(NamedTuple):
    """Why something is not even considered a photo."""

    kind: str
    """In one word, for counting."""
    sentence: str
    """In words, for the index."""


class Pending(Protocol):
    """A photo's bytes that are already being read."""

    def take(self, max_bytes: int | None) -> bytes:
        """Wait for the bytes; once, because they are not kept.

        Raises:
            PhotoError: As `read.read_bytes`.
        """


class Candidate(NamedTuple):
    """Something found where photos are kept."""

    uri: str
    label: str | None = None
    """Its class, in Unicode's composed form (NFC); None if nothing states it."""
    split: str | None = None
    """`train`, `val` or `test` if the source states it."""
    flaw: Flaw | None = None
    """Set if the candidate cannot be a labelled photo."""
    data: bytes | None = None
    """The photo's bytes, if the source had to read them anyway."""
    size: int | None = None
    """Size in bytes, if the source reported it unasked."""
    tag: str | None = None
    """What changes with an object's contents, if the source reported it unasked."""
    pending: Pending | None = None
    """Set if the bytes are being read ahead."""
    outside: bool = False
    """Whether it was reached by a link out of the named folder."""


def to_label(name: str) -> str:
    """Return the class that a name stands for.

    macOS decomposes accents, others compose them: both are one class.
    """
    return unicodedata.normalize("NFC", quote(name).replace("%25", "%"))
