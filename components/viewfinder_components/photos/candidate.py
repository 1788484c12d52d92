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
"""What people call a split, in lower case, and what it is called here."""


class Flaw(NamedTuple):
    """Why something that was met is not even looked at as a photo."""

    kind: str
    """In one word, to count by."""
    sentence: str
    """In words, for the index."""


class Pending(Protocol):
    """A photo's bytes that are on their way already."""

    def take(self, max_bytes: int | None) -> bytes:
        """Wait for the bytes; once, because nobody else keeps them.

        Raises:
            PhotoError: As `read.read_bytes`.
        """


class Candidate(NamedTuple):
    """Something met where photos are kept."""

    uri: str
    label: str | None = None
    """Its class, in Unicode's composed form (NFC); None where nothing says."""
    split: str | None = None
    """`train`, `val` or `test` where the source says so."""
    flaw: Flaw | None = None
    """Set where the candidate cannot be a labelled photo."""
    data: bytes | None = None
    """The photo's bytes, where the source had to read them anyway."""
    size: int | None = None
    """Bytes, where the source told without being asked."""
    pending: Pending | None = None
    """Set where the bytes are being read ahead."""
    outside: bool = False
    """Whether a link leads to it out of the folder that was named."""


def to_label(name: str) -> str:
    """Return the class that a name stands for.

    macOS writes accents decomposed, everyone else composed: both are one class.
    """
    return unicodedata.normalize("NFC", quote(name).replace("%25", "%"))
