"""A published version, wherever it lies."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from viewfinder_components.errors import PermanentError

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


def split_number(text: str) -> tuple[str, int | None]:
    """Take the number at the end of `fruit/3` or `s3://models/fruit/3` off.

    Returns:
        What comes before it, and the number; the whole text and None where there is none.
    """
    whole = text.strip().rstrip("/")
    place, slash, last = whole.rpartition("/")
    number = parse_number(last) if slash else None
    return (whole, None) if number is None else (place, number)


def next_number(taken: Iterable[int], folder: str) -> int:
    """Return the number of the next version.

    Args:
        taken: The numbers that are taken, by whatever.
        folder: Where, for the error.

    Raises:
        PermanentError: The highest number that a version can have is taken.
    """
    number = max(taken, default=0) + 1
    if parse_number(str(number)) is None:
        raise PermanentError(
            f"a number for the next version in {folder}",
            f"a folder {number - 1} there, the highest number that a version can have",
            "rename that folder if it is no version, or publish under another model_name",
        )
    return number
