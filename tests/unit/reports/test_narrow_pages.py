"""Tables whose rows end with a sentence fit a narrow window: the sentence stands below."""

import re

import pytest

from viewfinder_components.reports.page import render, template_source

TABLES = [
    ("evaluation/report.html", "The gate's rules", "rows", 4),
    ("evaluation/report.html", "Predictor checks", "short-rows", 2),
    ("evaluation/report.html", "Precisions", "rows", 4),
    ("validation/report.html", "Gates", "rows", 4),
]


@pytest.mark.parametrize(("template", "label", "name", "columns"), TABLES)
def test_a_sentence_stands_below_its_row_in_a_narrow_window(
    template: str, label: str, name: str, columns: int
) -> None:
    source = template_source(template)
    assert source is not None
    table = source.partition(f'ui.table("{label}")')[2].partition("</thead>")[0]
    assert f'<table class="{name}">' in table
    assert len(re.findall(r"<th\b", table)) == columns + 1  # the last is the sentence's
    narrow = render("reports/base.html", title="").partition("@media (max-width: 640px)")[2]
    tracks = re.search(rf"(?<!-)\.{name} tr \{{ grid-template-columns: ([^;]*);", narrow)
    assert tracks is not None
    assert len(tracks[1].split()) == columns
