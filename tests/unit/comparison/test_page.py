"""The page of a comparison where there is little to show."""

import warnings
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from tests.fixtures.comparisons import make_comparison

from viewfinder_comparison.report.figures import draw_effort
from viewfinder_comparison.report.page import PAGE, TABLE, render_comparison, write_report
from viewfinder_comparison.results import Comparison
from viewfinder_components.printable import make_printable


@pytest.fixture
def slow() -> Comparison:
    """No server keeps within a limit at any rate that was tried."""
    comparison = make_comparison()
    servers = [one.model_copy(update={"throughput": ()}) for one in comparison.servers]
    return comparison.model_copy(update={"servers": tuple(servers)})


def test_no_server_is_the_fastest_if_none_keeps_within_the_limit(slow: Comparison) -> None:
    assert "no server, at no rate that was tried" in render_comparison(slow)
    assert "no server, at no rate" not in render_comparison(make_comparison())


def test_servers_without_a_rate_are_drawn_without_a_warning(slow: Comparison) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert draw_effort(slow) is not None


def test_code_in_the_words_about_a_server_is_marked() -> None:
    comparison = make_comparison()
    first = comparison.servers[0].model_copy(update={"setup": "as `serve` <does>"})
    page = render_comparison(comparison.model_copy(update={"servers": (first,)}))
    assert "as <code>serve</code> &lt;does&gt;" in page


def test_parts_without_requests_are_not_drawn() -> None:
    page = render_comparison(make_comparison()).partition('id="overload"')[2]
    assert "--share: 0.0000" not in page


def test_nothing_illegible_is_written(tmp_path: Path) -> None:
    """Names of models and packages, and what servers say, come from elsewhere."""
    comparison = spoil(make_comparison())
    write_report(tmp_path, comparison)
    for name in (PAGE, TABLE):
        text = (tmp_path / name).read_text("utf-8")
        assert make_printable(text, lines=True) == text
        assert r"fruit\x1b[31m\u202e" in text


def spoil(part: Any) -> Any:
    """Return the same with something illegible in each text that comes from elsewhere."""
    if isinstance(part, str):
        return f"{part}\x1b[31m\u202e\u200b"
    if isinstance(part, tuple):
        return tuple(map(spoil, part))
    if isinstance(part, dict):
        return {spoil(name): spoil(value) for name, value in part.items()}
    if not isinstance(part, BaseModel):
        return part
    fields = set(type(part).model_fields) - {"state", "arrivals", "created"}
    return part.model_copy(update={name: spoil(getattr(part, name)) for name in fields})
