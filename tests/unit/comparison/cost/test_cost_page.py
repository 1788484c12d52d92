"""The page of a plan, and the charts that it needs."""

import re
import warnings
from pathlib import Path

import pytest
from tests.unit.comparison.cost.conftest import PlanMaker

import viewfinder
from viewfinder_comparison.cost.loads import Load
from viewfinder_comparison.cost.terms import Terms
from viewfinder_components.printable import make_printable
from viewfinder_components.reports.charts import Line, Plot, Point, line_chart


def test_the_page_of_the_book_marks_its_break_even() -> None:
    page = viewfinder.estimate_cost(prices="book-2019", highest_load=100).html
    assert re.search(r"<text[^>]*>12\.9</text>", page)
    assert "Managed service (2019) below, Own machine (2019) above" in page
    assert "2 prices are older than a year" in page
    assert "Scale to zero" not in page


def test_the_page_of_a_day_has_the_day(plan_of: PlanMaker) -> None:
    option = {"capacity": 10, "price": 100, "scaling": "zero"}
    page = plan_of({"a": option}, load=Load((0.5, 1.5), mean=4.0), terms=Terms(p99_ms=100)).html
    assert "The load over the day" in page
    assert "Who waits for a start" in page
    assert "99 of 100 requests are to be answered within 100 ms" in page


def test_a_title_is_escaped(plan_of: PlanMaker) -> None:
    page = plan_of({"a": {"capacity": 10, "price": 1, "title": "<b>$x_1$ & more"}}).html
    assert "<b>$" not in page
    assert "&lt;b&gt;$x_1$ &amp; more" in page


def test_a_title_has_nothing_illegible(plan_of: PlanMaker) -> None:
    """In the charts as well, whose texts are no part of the template."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib prints letters that its font lacks
        title = "a\x1b[31m\u202e\u200b"
        page = plan_of({"a": {"capacity": 10, "price": 1, "title": title}}).html
    assert make_printable(page, lines=True) == page
    assert page.count(r"\x1b[31m\u202e\u200b") > 2


@pytest.mark.parametrize(
    "options",
    [
        {"free": {"a_query": 0}},
        {"none": {"capacity": 1, "price": 9, "max_replicas": 1}},
        {"many": {"capacity": 0.01, "price": 9}},
    ],
    ids=lambda options: next(iter(options)),
)
def test_extreme_costs_make_a_page(
    options: dict[str, dict[str, float]], plan_of: PlanMaker
) -> None:
    assert "<svg" in plan_of(options, load=Load(mean=50.0)).html


def test_a_plan_is_saved(tmp_path: Path) -> None:
    plan = viewfinder.estimate_cost(prices="book-2019")
    plan.save(tmp_path / "cost.html")
    assert (tmp_path / "cost.html").read_text() == plan.html


def test_axes_in_powers_of_ten_are_written_out() -> None:
    plot = Plot("p", "x", "y", logarithmic="xy", points=(Point(10, 10, "here"),), wide=True)
    svg = line_chart(plot, [Line([0.1, 1000], [1, 10000], label="a line")])
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert {"0.1", "1", "10", "1,000", "10,000", "a line", "here"} <= set(texts)
