"""The screenshot shows the part of the report that it should, and nothing of this machine."""

from pathlib import Path

import pytest
from PIL import Image
from website.screenshots import find_browser, shrink, take_picture, write_page

REPORT = """<!doctype html><html><head><title>fruit</title>
<style>body { margin: 0; background: #eee } section { height: 90px; background: #00f }</style>
</head><body><main>
<section id="figures">file://HOME/models/fruit/1</section><section id="run">3 s</section>
<section id="labels">labels</section>
<section id="confusion">more</section></main><footer>end</footer></body></html>
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    report = tmp_path / "report.html"
    report.write_text(REPORT.replace("HOME", str(tmp_path / "home")), "utf-8")
    write_page(report, tmp_path / "home", tmp_path / "page.html")
    return tmp_path / "page.html"


def test_no_path_of_this_machine(page: Path, tmp_path: Path) -> None:
    text = page.read_text("utf-8")
    assert "file:///srv/viewfinder/models/fruit/1" in text
    assert str(tmp_path) not in text


def test_empty_rows_are_cut_off(tmp_path: Path) -> None:
    taken = Image.new("RGB", (40, 100), "white")
    taken.paste("blue", (5, 5, 35, 30))
    taken.save(tmp_path / "taken.png")
    shrink(tmp_path / "taken.png", tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as picture:
        assert picture.size == (40, 35)
        assert picture.convert("RGB").getpixel((20, 29)) == (0, 0, 255)


def test_the_picture_ends_with_the_labels(page: Path, tmp_path: Path) -> None:
    try:
        browser = find_browser()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    take_picture(browser, page, tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as picture:
        assert picture.height == 180


def test_a_machine_without_a_browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"^expected a browser .* install Chromium"):
        find_browser()
