"""Find quotation marks of a CSV file that nobody closed: they hide the rows that follow."""

import csv
from collections.abc import Iterator
from typing import TextIO

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.table_header import CsvForm, cells_of_any_length


def need_closed_quotes(file: TextIO, place: object, form: CsvForm) -> None:
    """Refuse a table in which a quotation mark turns several rows into one cell.

    A cell may have line breaks. What gives a mark away that was never closed is the end of the
    table, or something other than a delimiter after the next quotation mark.

    Args:
        file: The table, as `read_csv_form` left it.
        place: Where it is, for the error.
        form: What `read_csv_form` returned.

    Raises:
        PermanentError: There is such a mark; the error names its row's first line.
    """
    lines = _Lines(file, form.lines)
    rows = csv.reader(lines, delimiter=form.delimiter, strict=True)
    with cells_of_any_length():
        while lines.find_quote():
            first = lines.number + 1
            try:
                next(rows, None)
            except csv.Error:
                if lines.are_over or lines.number > first:
                    raise PermanentError(
                        f"every quotation mark to be closed in {place}",
                        f"one that is not, in the row that begins in line {first:,}",
                        "close it, or write two of them for one that belongs to the text",
                    ) from None


class _Lines:
    """The lines of a file, counted as they are taken."""

    def __init__(self, file: TextIO, before: int) -> None:
        self._file = file
        self._found = ""
        self.number = before
        self.are_over = False
        """Whether more lines were asked for than there are."""

    def find_quote(self) -> bool:
        """Skip lines without a quotation mark; return whether there is one with such a mark.

        Most tables have none: parsing a million rows for nothing would take half a minute.
        """
        for line in self._file:
            if '"' in line:
                self._found = line
                return True
            self.number += 1
        return False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line, self._found = self._found or self._file.readline(), ""
        if not line:
            self.are_over = True
            raise StopIteration
        self.number += 1
        return line
