"""docs/troubleshooting.md explains every exit code that a command has."""

import re
from pathlib import Path

from viewfinder.cli import options

PAGE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"


def test_every_exit_code_is_explained_once() -> None:
    rows = re.findall(r"^\| (\d+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    codes = {options.WRONG_USAGE, options.REFUSED, options.INCOMPLETE, options.BEYOND_LIMIT}
    others = {options.TRY_AGAIN, options.INTERRUPTED}
    assert sorted(map(int, rows)) == sorted({0, 1, *codes, *others})
