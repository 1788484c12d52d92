"""Correct labels by a table, such as evaluate's `label_issues.csv` once a user has filled it in."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from viewfinder_components.errors import PermanentError, UsageError
from viewfinder_components.formats.label_issues import read_cell
from viewfinder_components.photos.candidate import to_label
from viewfinder_components.photos.photo_error import PhotoError
from viewfinder_components.photos.read import read_bytes
from viewfinder_components.photos.table import TablePlaces
from viewfinder_components.photos.uri import (
    FILE,
    file_uri_to_path,
    name_to_uri,
    path_to_uri,
    scheme_of,
    uri_to_path,
)
from viewfinder_components.reports.formatting import plural, shorten
from viewfinder_components.storage.location import BUCKET_SCHEMES
from viewfinder_components.validation.photo_table import IGNORED, NONE, USED, PhotoTable, Reason

DROP = "drop"
"""The correction that leaves a photo out."""
DROPPED = Reason("dropped", "the corrections leave it out")
_KEYS = ("sha256", "uri")
_MAX_BYTES = 1 << 28  # more than a million rows


@dataclass(frozen=True)
class Corrections:
    """Corrections by what identifies the photos."""

    place: str
    """Where the table is; for errors."""
    by_sha256: Mapping[str, str]
    """Labels, or `DROP`, by the hexadecimal digest of the photo's bytes."""
    by_uri: Mapping[str, str]
    """The same by URI, for rows without a digest."""


def read_corrections(place: str) -> Corrections:
    """Read a table of corrections.

    Args:
        place: Path or URI of a CSV file (a header; separated by commas, semicolons or tabs;
            UTF-8) with the columns `correction` and `sha256`, `uri` or both. Rows without a
            correction are ignored.

    Raises:
        UsageError: `place` is neither a path nor in a bucket.
        PermanentError: It cannot be read, or a photo has two different corrections.
        TransientError: An object store does not answer.
    """
    found: dict[str, dict[str, str]] = {key: {} for key in _KEYS}
    places = TablePlaces(_folder(place))
    for row in _read_rows(place):
        correction = to_label(read_cell((row["correction"] or "").strip()))
        key = next((name for name in _KEYS if (row.get(name) or "").strip()), None)
        if not correction or key is None:
            continue
        value = (row[key] or "").strip()
        value = value.lower() if key == "sha256" else places.find(value)
        before = found[key].setdefault(value, correction)
        if before != correction:
            raise PermanentError(
                f"one correction for each photo in {place}",
                f"{before!r} and {correction!r} for the {key} {value}",
                "remove one of the two rows",
            )
    return Corrections(place, found["sha256"], found["uri"])


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
        PermanentError: A correction is no class of the data.
    """
    _check_labels(photos, corrections)
    used = photos.where(USED)
    matched: set[str] = set()
    relabelled = dropped = 0
    for file in used.tolist():
        key = photos.digest[file].tobytes().hex()
        key = key if key in corrections.by_sha256 else str(photos.uri[file])
        correction = corrections.by_sha256.get(key) or corrections.by_uri.get(key)
        if correction is None:
            continue
        matched.add(key)
        if correction == DROP:
            photos.exclude(np.array([file]), IGNORED, DROPPED, np.array([NONE]))
            dropped += 1
        elif photos.labels[photos.label[file]] != correction:
            photos.label[file] = photos.labels.index(correction)
            relabelled += 1
    missing = [*(corrections.by_sha256.keys() | corrections.by_uri.keys()) - matched]
    return Corrected(relabelled, dropped, (_unmatched(missing),) if missing else ())


def _unmatched(keys: list[str]) -> str:
    rows = plural(len(keys), "correction fits", "corrections fit")
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


def _uri(place: str) -> str:
    scheme = scheme_of(place)
    if scheme and scheme not in (FILE, *BUCKET_SCHEMES):
        raise UsageError(
            f"corrections at a path, or in {', '.join(BUCKET_SCHEMES)}",
            repr(place),
            "copy the table to one of these",
        )
    return path_to_uri(file_uri_to_path(place)) if scheme == FILE else name_to_uri(place)


def _folder(place: str) -> str:
    """Return the folder in which a table's relative uris begin."""
    uri = _uri(place).rpartition("/")[0]
    return uri if scheme_of(uri) else uri_to_path(uri) or "/"


def _read_rows(place: str) -> Iterable[dict[str, str | None]]:
    uri = _uri(place)
    try:
        text = read_bytes(uri, _MAX_BYTES, is_photo=False).decode("utf-8-sig").lstrip("\r\n")
        header = text.partition("\n")[0]
        delimiter = max(",;\t", key=header.count)
        table = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        rows = list(table)
    except PhotoError as error:
        raise PermanentError(
            f"a table of corrections at {place}", error.sentence, "check the path"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise PermanentError(
            f"a CSV file in UTF-8 at {place}", str(error), "save it as CSV UTF-8"
        ) from error
    columns = table.fieldnames or []
    if "correction" not in columns or not {*_KEYS} & {*columns}:
        raise PermanentError(
            f"the columns correction and sha256 or uri in {place}",
            ", ".join(columns)[:200] or "no columns",
            "fill in the label_issues.csv of a run, or use its column names",
        )
    for number, row in enumerate(rows, 1):
        if None in row:  # the csv module's key for cells without a heading
            raise PermanentError(
                f"rows of {len(columns)} cells in {place}",
                f"more of them in row {number} below the header",
                "put texts that contain the separator in quotation marks",
            )
    return rows
