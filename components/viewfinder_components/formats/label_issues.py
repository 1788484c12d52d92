"""Photos whose labels deserve a second look: `label_issues.csv`, which users edit."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from viewfinder_components.whole_files import write_text

LABEL_ISSUES = "label_issues.csv"
Kind = Literal["near duplicate", "label error", "outlier", "doubtful"]
KINDS: tuple[Kind, ...] = ("near duplicate", "label error", "outlier", "doubtful")
"""What may be wrong, the clearest case first."""


@dataclass(frozen=True)
class LabelIssue:
    """A row of the table."""

    uri: str
    sha256: str
    """Hexadecimal digest of the photo's bytes: it identifies the photo after it was moved."""
    split: str
    """train, val or test."""
    label: str
    suggestion: str
    """The class that the photo looks more like; empty if there is none."""
    kind: Kind
    score: float
    """Higher means more suspicious. For an outlier, how far it is from other photos, in multiples
    of the distance from which photos count as outliers; for the rest 0 to 1."""
    similar: str
    """URI of a near duplicate with another label; empty if there is none."""
    correction: str = ""
    """For the user to fill in."""


_FORMULA = tuple("=+-@\t\r")


def write_cell(text: str) -> str:
    """Return a text that a spreadsheet does not take for a formula, which could do harm.

    A text in which a formula follows apostrophes gets another one, so that `read_cell` returns it.
    """
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA) else text


def read_cell(text: str) -> str:
    """Return the text of a cell that `write_cell` wrote, and any other as it is."""
    is_marked = text.startswith("'") and text.lstrip("'").startswith(_FORMULA)
    return text[1:] if is_marked else text


COLUMNS = tuple(field.name for field in fields(LabelIssue))


def write_label_issues(folder: Path, issues: Iterable[LabelIssue]) -> None:
    """Write the table, in UTF-8 with the mark by which spreadsheets recognise it.

    Args:
        folder: The evaluation's.
        issues: Its rows.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for issue in issues:
        values = {**vars(issue), "score": f"{issue.score:.3f}"}
        writer.writerow([write_cell(values[name]) for name in COLUMNS])
    write_text(folder / LABEL_ISSUES, "\N{ZERO WIDTH NO-BREAK SPACE}" + text.getvalue())
