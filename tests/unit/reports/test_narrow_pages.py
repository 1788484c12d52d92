"""Tables whose rows end with a sentence fit a narrow window: the sentence stands below."""

import re

import pytest
from tests.fixtures.comparisons import make_comparison

import viewfinder
from viewfinder_comparison.report.page import render_comparison
from viewfinder_components.reports.page import render, template_source

TABLES = [
    ("evaluation/report.html", "The gate's rules", "rows", 4),
    ("evaluation/report.html", "Predictor checks", "short-rows", 2),
    ("evaluation/report.html", "Seconds by step", "short-rows", 2),
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


def test_where_a_table_becomes_a_list_its_numbers_keep_their_labels() -> None:
    plan = viewfinder.estimate_cost(viewfinder.Capacity(70, 2), 20)
    for page, tables in ((render_comparison(make_comparison()), 3), (plan.html, 2)):
        found = re.findall(r'<table class="[^"]*\bcards\b.*?</table>', page, re.DOTALL)
        assert len(found) == tables
        for table in found:
            heads = re.findall(r"<th[^>]*>([^<]*)</th>", table.partition("</thead>")[0])
            first_row = table.partition("<tbody>")[2].partition("</tr>")[0]
            cells = re.findall(r"<t[dh]\b[^>]*>", first_row)
            assert len(cells) == len(heads)
            assert not [cell for cell in cells if 'class="number"' in cell and "label" not in cell]
