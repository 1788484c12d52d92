"""A published version, wherever it is stored."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from viewfinder_components.errors import PermanentError

MANIFEST = "manifest.json"
"""The file that every complete version has: an export writes it last."""

SAMPLES = "samples"
"""The folder of the test photos kept with a version, if any."""

RECENT = 20
"""How many of the newest versions to search for a run's: in a bucket each takes a request."""

_NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)  # TensorFlow Serving's versions have 64 bits


@dataclass(frozen=True, order=True)
class Version:
    """An immutable version of a model; versions are ordered by number."""

    number: int
    """1 for the first; never reused."""
    uri: str
    """Where it is, such as `file:///models/fruit/3`. Nothing in it is percent-encoded: KServe and
    TensorFlow Serving use a URI's path literally, so spaces stay spaces."""


def parse_number(name: str) -> int | None:
    """Return a folder's name as a number, None if it is not one."""
    return int(name) if _NUMBER.fullmatch(name) else None


def split_number(text: str) -> tuple[str, int | None]:
    """Split the number off the end of `fruit/3` or `s3://models/fruit/3`.

    Returns:
        What precedes it, and the number; the whole text and None if there is none.
    """
    whole = text.strip().rstrip("/")
    place, slash, last = whole.rpartition("/")
    number = parse_number(last) if slash else None
    return (whole, None) if number is None else (place, number)


def next_number(taken: Iterable[int], folder: str) -> int:
    """Return the number of the next version.

    Args:
        taken: The numbers that are taken, by anything.
        folder: Where, for the error.

    Raises:
        PermanentError: The highest possible version number is taken.
    """
    number = max(taken, default=0) + 1
    if parse_number(str(number)) is None:
        raise PermanentError(
            f"a number for the next version in {folder}",
            f"a folder {number - 1} there, the highest number a version can have",
            "rename that folder if it is not a version, or publish under another model_name",
        )
    return number
