"""Read the rows of a table of corrections."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TextIO

from viewfinder_components.errors import PermanentError, reason_of
from viewfinder_components.photos.table_header import CsvForm, open_csv, read_csv_form
from viewfinder_components.photos.table_quotes import need_closed_quotes
from viewfinder_components.photos.table_rows import read_csv_rows

KEYS = ("sha256", "uri")
"""What identifies a photo; the first that a row has counts."""
CORRECTION = "correction"


class Row(NamedTuple):
    """A row, with the cells that matter."""

    line: int
    """Where it ends in the file, from 1."""
    cells: dict[str, str]
    """Without surrounding blanks; only columns that the table has."""


def read_rows(place: str, content: bytes) -> list[Row]:
    """Read a table, with a header as tables of photos may have it; rows without cells are left out.

    Args:
        place: Its path or URI, for errors.
        content: Its bytes.

    Raises:
        PermanentError: It is not such a table.
    """
    source = io.BytesIO(content)
    try:
        with open_csv(source, place) as text:
            form = read_csv_form(text)
            _check_columns(form.columns, place)
            need_closed_quotes(text, place, form)
        with open_csv(source, place) as text:
            return list(_parse(text, form, place))
    except (UnicodeDecodeError, csv.Error) as error:
        raise PermanentError(
            f"a CSV file in UTF-8 at {place}", reason_of(error), "save it as CSV UTF-8"
        ) from error


def _check_columns(columns: Sequence[str], place: str) -> None:
    if CORRECTION not in columns or not {*KEYS} & {*columns}:
        raise PermanentError(
            f"the columns correction and sha256 or uri in {place}",
            ", ".join(columns)[:200] or "no columns",
            "fill in the label_issues.csv of a run, or use its column names",
        )
    for name in (CORRECTION, *KEYS):
        if (count := columns.count(name)) > 1:
            raise PermanentError(f"one column {name} in {place}", f"{count}", "remove all but one")


def _parse(text: TextIO, form: CsvForm, place: str) -> Iterator[Row]:
    for line, cells in read_csv_rows(text, place, form, blank=False):
        yield Row(line, _named(form.columns, cells))


def _named(columns: Iterable[str], cells: Iterable[str]) -> dict[str, str]:
    pairs = zip(columns, cells, strict=True)
    return {name: cell.strip() for name, cell in pairs if name in (CORRECTION, *KEYS)}
