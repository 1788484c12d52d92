import base64
import io
from xml.etree.ElementTree import Element, fromstring

import numpy as np
import pytest
from PIL import Image

from viewfinder_components.reports.charts import SERIES, Line, Plot, bar_chart, line_chart
from viewfinder_components.reports.pictures import heat_picture, thumbnail


def test_a_chart_takes_its_colours_from_the_page_and_its_text_is_text() -> None:
    plot = Plot("loss by epoch", "epoch", "loss", marks=((2, "kept"),))
    svg = line_chart(plot, [Line([1, 2, 3], [3, 1, 2], series) for series in (1, SERIES + 2)])
    root = parse(svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == "loss by epoch"
    texts = [element.text for element in root.iter("text")]
    assert {"epoch", "loss", "kept"} <= set(texts)
    assert "var(--series-1)" in svg
    assert "var(--series-2)" in svg
    assert "#0102" not in svg
    assert "<style" not in svg
    assert "http" not in svg
    assert len(svg) < 12_000


def test_charts_are_the_same_every_time_and_share_no_ids() -> None:
    lines = [Line([0, 1], [0, 1])]
    first = line_chart(Plot("first", "x", "y"), lines)
    assert line_chart(Plot("first", "x", "y"), lines) == first
    ids = [
        {element.get("id") for element in parse(svg).iter() if element.get("id")}
        for svg in (first, line_chart(Plot("second", "x", "y"), lines))
    ]
    assert ids[0]
    assert ids[1]
    assert not ids[0] & ids[1]


def test_a_charts_name_is_escaped() -> None:
    svg = line_chart(Plot('<"&>', "x", "y"), [Line([0], [0])])
    assert parse(svg).get("aria-label") == '<"&>'


def test_bars_leave_out_what_is_not_known() -> None:
    plot = Plot("accuracy by confidence", "x", "y", (0, 1), (0, 1), diagonal=True, square=True)
    svg = bar_chart(plot, [0, 0.5, 1], [None, 0.7], [0.0, 1.0])
    assert svg.count("fill: var(--series-1)") == 1


@pytest.mark.parametrize("shape", [(300, 200, 3), (224, 224, 3), (1, 1, 3), (2, 900, 3)])
def test_thumbnail(shape: tuple[int, int, int]) -> None:
    pixels = np.full(shape, (200, 30, 40), np.uint8)
    with Image.open(decoded(thumbnail(pixels, 160), "image/jpeg")) as picture:
        assert max(picture.size) == min(160, max(shape[:2]))
        assert np.abs(np.asarray(picture)[0, 0].astype(int) - (200, 30, 40)).max() < 6


def test_heat_picture() -> None:
    shares = np.array([[1.0, 0.25], [0.0, 2.0]])
    with Image.open(decoded(heat_picture(shares), "image/png")) as picture:
        cells = np.asarray(picture)
    assert cells[..., 3].tolist() == [[255, 128], [0, 255]]
    assert cells[0, 0, 2] > cells[0, 0, 0]  # blue
    assert cells[0, 1, 0] > cells[0, 1, 2]  # red


def parse(svg: str) -> Element:
    return fromstring(svg)  # noqa: S314  (drawn by ourselves)


def decoded(uri: str, mime: str) -> io.BytesIO:
    head, _, content = uri.partition(",")
    assert head == f"data:{mime};base64"
    return io.BytesIO(base64.b64decode(content, validate=True))
