"""The picture of the page about drift ends with the first measure that has drifted."""

from pathlib import Path

import pytest
from PIL import Image
from website.drift_screenshot import main, write_page
from website.screenshots import find_browser, take_picture

FOUND = """<!doctype html><html><head><title>fruit</title>
<style>body { margin: 0; background: #eee } .moved, section { height: 90px; background: #00f }
main > section:first-child { height: auto }</style></head><body><main>
<section><article class="moved">dark</article><article class="moved">blurred</article></section>
<section>all measures</section></main><footer>end</footer></body></html>
"""


def test_the_picture_ends_with_the_first_measure(tmp_path: Path) -> None:
    try:
        browser = find_browser()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    (tmp_path / "drift.html").write_text(FOUND, "utf-8")
    write_page(tmp_path / "drift.html", tmp_path / "page.html")
    take_picture(browser, tmp_path / "page.html", tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as picture:
        assert picture.height == 90


def test_a_page_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "PAGE" in capsys.readouterr().err
