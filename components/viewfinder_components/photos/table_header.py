"""The start of a table of photos: its columns, and for CSV the delimiter."""

import csv
import io
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple, TextIO

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.candidate import SPLIT_NAMES

COLUMNS = ("uri", "label", "split")
"""What is read; the last is optional."""

_DELIMITERS = ",;\t|"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_MOST_HEADER_CHARACTERS = 1 << 20
# Excel's own line stating the delimiter.
_DELIMITER_LINE = re.compile(r"sep=(.)")

# What others name these columns: Hugging Face, AutoGluon, fastai, Kaggle, Label Studio.
_OTHER_NAMES = {
    "uri": "filename file_name file filepath file_path path image img image_path img_path "
    "image_file image_name image_uri image_url photo url x id image_id name",
    "label": "class class_name classname class_label category target labels tag tags y species "
    "choice classification label_name breed annotation",
    "split": "subset set partition ml_use phase fold",
}


class CsvForm(NamedTuple):
    """How to read a CSV file."""

    delimiter: str
    columns: list[str]
    """All of them, in the file's order, in lower case without surrounding blanks."""
    lines: int
    """Lines before the first row."""


@contextmanager
def open_csv(source: BinaryIO, place: object) -> Iterator[TextIO]:
    """Decode a CSV file; its lines may end as those of any system, old Macs included.

    Args:
        source: Its bytes; positioned anywhere, and left open.
        place: Where it is, for the error.

    Raises:
        PermanentError: The text is UTF-16.
    """
    source.seek(0)
    if source.read(2) in _UTF_16:
        raise PermanentError(
            f"a table in UTF-8 at {place}",
            "one in UTF-16",
            "save it as CSV UTF-8 (in Excel: CSV UTF-8, not Unicode Text)",
        )
    source.seek(0)
    text = io.TextIOWrapper(source, "utf-8-sig", newline="")
    try:
        yield text
    finally:
        text.detach()


@contextmanager
def cells_of_any_length() -> Iterator[None]:
    """Let the csv module read cells of more than 128 KB, such as photos in base64."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def read_csv_form(file: TextIO) -> CsvForm:
    """Read the first lines of a CSV file.

    Empty lines before the header, blanks around the names and capital letters are ignored.

    Args:
        file: The file, as `open_csv` opens it; it is left at the first row.

    Raises:
        UnicodeDecodeError: The text is not UTF-8.
    """
    delimiter, lines = "", 0
    for line in iter(lambda: file.readline(_MOST_HEADER_CHARACTERS), ""):
        lines += 1
        text = line.strip("\r\n")
        if named := _DELIMITER_LINE.fullmatch(text.lower()):
            delimiter = named[1]
        elif text.strip():
            delimiter = delimiter or max(_DELIMITERS, key=text.count)
            with cells_of_any_length():
                names = next(csv.reader([text], delimiter=delimiter), [])
            return CsvForm(delimiter, [_normalized(name) for name in names], lines)
    return CsvForm(",", [], lines)


def find_columns(path: Path, present: Sequence[str], labelled: bool = True) -> list[str]:
    """Return the columns to read, as spelled in the table: uri, label and, if present, split.

    Args:
        path: For the error.
        present: All columns of the table.
        labelled: Whether photos need labels; if not, only uri is read.

    Raises:
        PermanentError: One is missing or duplicated; the remedy names similar columns.
    """
    places: dict[str, list[str]] = {}
    for name in present:
        places.setdefault(_normalized(name), []).append(name)
    wanted = COLUMNS if labelled else COLUMNS[:1]
    missing = [name for name in wanted[:2] if name not in places]
    if missing:
        received = ", ".join(repr(name) if name != name.strip() else name for name in present)
        expected = "columns uri and label" if labelled else "a column uri"
        raise PermanentError(
            f"{expected} in {path}",
            received or "no columns",
            _remedy(missing, places) if labelled else _remedy_without_labels(places),
        )
    for name in wanted:
        if len(places.get(name, ())) > 1:
            raise PermanentError(
                f"one column {name} in {path}", f"{len(places[name])}", "remove all but one"
            )
    return [places[name][0] for name in wanted if name in places]


def _remedy_without_labels(present: dict[str, list[str]]) -> str:
    if any(_is_photo_path(name) for name in present):
        return "the first line is a photo: add a header above it that calls this column uri"
    other = next((word for word in _OTHER_NAMES["uri"].split() if word in present), None)
    if other:
        return f"rename the column: {present[other][0].strip()} to uri"
    return "call the column that has the photos' paths uri"


def _remedy(missing: Sequence[str], present: dict[str, list[str]]) -> str:
    if not present:
        return "add a first line uri,label above the photos"
    if any(_is_photo_path(name) for name in present):
        return f"the first line is a photo: add a line {_guessed(present)} above it"
    renamed = []
    for name in (*missing, *({"split"} - present.keys())):
        other = next((word for word in _OTHER_NAMES[name].split() if word in present), None)
        if other:
            renamed.append(f"{present[other][0].strip()} to {name}")
    if renamed:
        return f"rename the column{'s' * (len(renamed) > 1)}: {', '.join(renamed)}"
    return "rename the columns: uri is the photo's path, label its class"


def _guessed(row: Iterable[str]) -> str:
    """Return a header for a photo's row: Google's AutoML writes split,uri,label without one."""
    return ",".join(
        "uri" if _is_photo_path(text) else "split" if text in SPLIT_NAMES else "label"
        for text in row
    )


def _is_photo_path(text: str) -> bool:
    return PurePosixPath(text).suffix in (".jpg", ".jpeg", ".png", ".webp", ".heic", ".tif", ".gif")


def _normalized(name: str) -> str:
    return name.strip().lower()
