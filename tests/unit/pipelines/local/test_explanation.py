"""What comes of a server whose explanations are of another form."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures.loopback import QuietHandler, serving

import viewfinder

GOOD = {
    "label": "ant",
    "probability": 0.9,
    "method": "cam",
    "map": [[0.5, 1.5], [2.5, 3.5]],
    "size": [2, 2],
    "box": [0, 0, 64, 48],
}


class Answering:
    """A server that explains every photo in one way."""

    def __init__(self) -> None:
        self.explanation: Any = GOOD
        self.url = ""


@pytest.fixture
def server() -> Iterator[Answering]:
    answering = Answering()

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            self.send(200, b'{"models": ["fruit"]}')

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send(200, json.dumps({"explanations": [answering.explanation]}).encode())

    with serving(Handler) as answering.url:
        yield answering


def explain(server: Answering, tmp_path: Path) -> Any:
    (tmp_path / "a.jpg").write_bytes(b"x")
    (answer,) = viewfinder.explain(tmp_path / "a.jpg", server.url)
    return answer


def test_an_explanation(server: Answering, tmp_path: Path) -> None:
    answer = explain(server, tmp_path)
    assert (answer.label, answer.method, answer.box) == ("ant", "cam", (0, 0, 64, 48))
    assert answer.map == ((0.5, 1.5), (2.5, 3.5))
    assert answer.extent == (0, 64, 48, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"map": []},
        {"map": [[]]},
        {"map": [[1.0], [1.0, 2.0]]},
        {"map": [[1.0, None]]},
        {"map": [[1.0, float("nan")]]},
        {"map": 5},
        {"box": [0, 0, 64]},
        {"probability": "much"},
    ],
    ids=str,
)
def test_an_explanation_of_another_form(
    server: Answering, tmp_path: Path, change: dict[str, Any]
) -> None:
    server.explanation = {**GOOD, **change}
    with pytest.raises(viewfinder.PermanentError, match="an answer in the V1 protocol"):
        explain(server, tmp_path)
