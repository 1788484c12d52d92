"""The rows of a CSV file.

They are read with Python's own module: Arrow's reader loses the second character of a line break in
quotation marks where one of its blocks ends (https://github.com/apache/arrow/issues/51368).
"""

import csv
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple, TextIO

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.table_header import CsvForm, cells_of_any_length

_AT_ONCE = 256  # rows in memory


class CsvRow(NamedTuple):
    """A row with as many cells as the table has columns."""

    line: int
    """Where it ends in the file, from 1."""
    cells: list[str]


def read_csv_rows(
    file: TextIO, place: object, form: CsvForm, *, blank: bool = True
) -> Iterator[CsvRow]:
    """Yield the rows of a table; lines without anything are none.

    Args:
        file: The whole table, as `open_csv` opens it.
        place: Where it is, for the error.
        form: What `read_csv_form` returned.
        blank: Whether rows whose cells are all blank count.

    Raises:
        PermanentError: A row has more cells than the table has columns, or fewer.
        UnicodeDecodeError: The text is not UTF-8.
        csv.Error: It is no CSV.
    """
    for _ in range(form.lines):
        file.readline()
    rows = csv.reader(file, delimiter=form.delimiter)
    while some := _take(rows):
        for line, cells in some:
            if not cells or not (blank or any(map(str.strip, cells))):
                continue
            if len(cells) != len(form.columns):
                raise _uneven(place, form, form.lines + line, len(cells))
            yield CsvRow(form.lines + line, cells)


def _take(rows: Any) -> list[tuple[int, list[str]]]:
    """Read some rows at once: the limit of the cells' length applies to the whole process."""
    with cells_of_any_length():
        return [(rows.line_num, cells) for cells in islice(rows, _AT_ONCE)]


def _uneven(place: object, form: CsvForm, line: int, count: int) -> PermanentError:
    return PermanentError(
        f"rows of {len(form.columns)} cells in {place}",
        f"one of {count} in line {line:,}",
        "add the cells that are missing, or put texts that contain the separator in quotation "
        "marks",
    )
