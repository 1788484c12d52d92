"""A published version, wherever it lies."""

import re
from dataclasses import dataclass

MANIFEST = "manifest.json"
"""The file that every complete version has: it is the last thing an export writes."""

SAMPLES = "samples"
"""The folder of the test photos that a version keeps, if it keeps any."""

RECENT = 20
"""How many of the newest versions are searched for one run's: in a bucket each is a request."""

_NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)  # TensorFlow Serving's versions have 64 bits


@dataclass(frozen=True, order=True)
class Version:
    """An immutable version of a model; versions order by their number."""

    number: int
    """1 for the first; never given twice."""
    uri: str
    """Where it lies, such as `file:///models/fruit/3`. Nothing in it is percent-encoded: KServe and
    TensorFlow Serving take a URI's path as it is written, so spaces stay spaces."""


def parse_number(name: str) -> int | None:
    """Return the number that a folder's name is, None where it is none."""
    return int(name) if _NUMBER.fullmatch(name) else None
