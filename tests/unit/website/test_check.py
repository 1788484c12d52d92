"""The check of the built site finds what is wrong with it."""

from pathlib import Path

import pytest
from website.check import find_problems


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "index.html").write_text('<h2 id="found">Found</h2>', "utf-8")
    (tmp_path / "a.png").write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize(
    "html",
    [
        '<a href="labels/#found">labels</a>',
        '<a href="https://example.com/">elsewhere</a>',
        '<p id="here"></p><a href="#here">here</a><a href=".">this page</a>',
        '<img src="a.png"><script src="/a.png"></script>',
    ],
)
def test_accepts(site: Path, html: str) -> None:
    (site / "index.html").write_text(html, "utf-8")
    assert list(find_problems(site)) == []


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ('<a href="labels/#lost">labels</a>', "an anchor that does not exist"),
        ('<a href="#lost">below</a>', "an anchor that does not exist"),
        ('<a href="label/">labels</a>', "does not exist"),
        ('<img src="b.png">', "does not exist"),
        ('<script src="https://example.com/a.js"></script>', "from another host"),
        ('<link rel="stylesheet" href="//example.com/a.css">', "from another host"),
    ],
)
def test_refuses(site: Path, html: str, problem: str) -> None:
    (site / "index.html").write_text(html, "utf-8")
    (found,) = find_problems(site)
    assert problem in found


@pytest.mark.parametrize(
    ("script", "count"), [("/viewfinder/a.png", 0), ("/a.png", 1), ("/elsewhere/a.png", 1)]
)
def test_a_site_below_the_root_of_a_host(site: Path, script: str, count: int) -> None:
    """As GitHub Pages has the sites of projects; 404.html is shown at every address."""
    (site / "404.html").write_text(f'<script src="{script}"></script>', "utf-8")
    problems = list(find_problems(site, "https://example.github.io/viewfinder/"))
    assert len(problems) == count


def test_refuses_an_empty_site(tmp_path: Path) -> None:
    (found,) = find_problems(tmp_path)
    assert "received none" in found
