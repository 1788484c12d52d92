"""Correct labels by a table, such as evaluate's `label_issues.csv` once a user has filled it in."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.label_issues import read_cell
from viewfinder_components.photos.candidate import to_label
from viewfinder_components.photos.corrections_file import place_to_uri, read_corrections_file
from viewfinder_components.photos.table import TablePlaces
from viewfinder_components.photos.uri import scheme_of, uri_to_path
from viewfinder_components.reports.formatting import plural, shorten
from viewfinder_components.validation.corrections_table import (
    CORRECTION,
    KEYS,
    read_rows,
)
from viewfinder_components.validation.photo_table import IGNORED, NONE, USED, PhotoTable, Reason

DROP = "drop"
"""The correction that leaves a photo out."""
DROPPED = Reason("dropped", "the corrections leave it out")
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Corrections:
    """Corrections by what identifies the photos."""

    place: str
    """Where the table is; for errors."""
    by_sha256: Mapping[str, str]
    """Labels, or `DROP`, by the hexadecimal digest of the photo's bytes."""
    by_uri: Mapping[str, str]
    """The same by URI, for rows without a digest."""
    sha256: bytes
    """Digest of the table."""


def read_corrections(place: str) -> Corrections:
    """Read a table of corrections.

    Args:
        place: Path or URI of a CSV file (as for tables of photos) with the columns `correction`
            and `sha256`, `uri` or both. Rows without a correction are ignored.

    Raises:
        UsageError: `place` is neither a path nor in a bucket.
        PermanentError: It cannot be read, or a photo has two different corrections.
        TransientError: An object store does not answer.
    """
    found: dict[str, dict[str, str]] = {key: {} for key in KEYS}
    places = TablePlaces(_folder(place))
    content = read_corrections_file(place)
    for row in read_rows(place, content):
        correction = to_label(read_cell(row.cells[CORRECTION]))
        key = next((name for name in KEYS if row.cells.get(name)), None)
        if not correction or key is None:
            continue
        value = row.cells[key]
        value = _digest(value, row.line, place) if key == "sha256" else places.find(value)
        before = found[key].setdefault(value, correction)
        if before != correction:
            raise _contradiction(place, before, correction, f"the {key} {value}")
    digest = hashlib.sha256(content).digest()
    return Corrections(place, found["sha256"], found["uri"], digest)


def _digest(value: str, line: int, place: str) -> str:
    if not _SHA256.fullmatch(value.lower()):
        raise PermanentError(
            f"64 hexadecimal digits as sha256 in {place}",
            f"{value[:80]!r} in line {line:,}",
            "copy the digest from index.parquet or label_issues.csv, or leave it empty and name "
            "the photo in a column uri",
        )
    return value.lower()


def _contradiction(place: str, one: str, other: str, photo: str) -> PermanentError:
    return PermanentError(
        f"one correction for each photo in {place}",
        f"{one!r} and {other!r} for {photo}",
        "remove one of the two rows",
    )


@dataclass(frozen=True)
class Corrected:
    """What a table of corrections changed."""

    relabelled: int
    """Photos with another label now."""
    dropped: int
    """Photos that are left out."""
    warnings: tuple[str, ...]
    """What a user should know, in sentences."""


def apply_corrections(photos: PhotoTable, corrections: Corrections) -> Corrected:
    """Change labels, and exclude photos, in place.

    A row with a digest applies to every file of these bytes, wherever it is now.

    Args:
        photos: As read, before they are compared with each other.
        corrections: What to change.

    Raises:
        PermanentError: A correction is not a class of the data.
    """
    _check_labels(photos, corrections)
    matched: set[str] = set()
    relabelled = dropped = 0
    for file in photos.where(USED).tolist():
        keys = _keys(photos, file, corrections)
        if not keys:
            continue
        matched.update(keys)
        correction = keys[next(iter(keys))]
        if correction == DROP:
            photos.exclude(np.array([file]), IGNORED, DROPPED, np.array([NONE]))
            dropped += 1
        elif photos.labels[photos.label[file]] != correction:
            photos.label[file] = photos.labels.index(correction)
            relabelled += 1
    return Corrected(relabelled, dropped, tuple(_find_warnings(corrections, matched)))


def _keys(photos: PhotoTable, file: int, corrections: Corrections) -> dict[str, str]:
    """Return the corrections of a file by what identifies it there; they are the same."""
    digest, uri = photos.digest[file].tobytes().hex(), str(photos.uri[file])
    by_key = ((digest, corrections.by_sha256), (uri, corrections.by_uri))
    found = {key: known[key] for key, known in by_key if key in known}
    if len(set(found.values())) > 1:
        one, other = found.values()
        photo = f"the photo {uri}, by its sha256 and by its uri"
        raise _contradiction(corrections.place, one, other, photo)
    return found


def _find_warnings(corrections: Corrections, matched: set[str]) -> Iterator[str]:
    keys = corrections.by_sha256.keys() | corrections.by_uri.keys()
    if not keys:
        yield f"No row of {corrections.place} has a correction: fill in the column correction."
    if missing := keys - matched:
        yield _unmatched([*missing])


def _unmatched(keys: list[str]) -> str:
    rows = plural(len(keys), "correction matches", "corrections match")
    return f"{rows} no photo of the data: {shorten(sorted(keys), 3)}."


def _check_labels(photos: PhotoTable, corrections: Corrections) -> None:
    wanted = {*corrections.by_sha256.values(), *corrections.by_uri.values()}
    if DROP in wanted and DROP in photos.labels:
        raise PermanentError(
            f"no class named {DROP!r} beside the correction {DROP!r} in {corrections.place}",
            "such a class",
            "rename the class: the word leaves a photo out",
        )
    unknown = sorted(wanted - {DROP} - set(photos.labels))
    if unknown:
        raise PermanentError(
            f"corrections among the classes {shorten(photos.labels)}, or {DROP!r}, in "
            f"{corrections.place}",
            shorten([repr(label) for label in unknown]),
            "correct the column correction; a new class needs a photo in the data first",
        )


def _folder(place: str) -> str:
    """Return the folder in which a table's relative uris begin."""
    uri = place_to_uri(place).rpartition("/")[0]
    return uri if scheme_of(uri) else uri_to_path(uri) or "/"
