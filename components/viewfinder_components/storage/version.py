"""A published version, wherever it lies."""

from dataclasses import dataclass
from pathlib import Path

MANIFEST = "manifest.json"
"""The file that every complete version has: it is the last thing an export writes."""


@dataclass(frozen=True, order=True)
class Version:
    """An immutable version of a model; versions order by their number."""

    number: int
    """1 for the first; never given twice."""
    uri: str
    """Where it lies, such as `file:///models/fruit/3`. Nothing in it is percent-encoded: KServe and
    TensorFlow Serving take a URI's path as it is written, so spaces stay spaces."""
    path: Path
    """Its files on this machine."""
