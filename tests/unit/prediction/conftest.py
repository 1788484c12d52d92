"""A small published version, photos of one colour each, and a predictor that may stop answering."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.fixtures.loopback import QuietHandler, serving
from tests.fixtures.servables import LABELS, draw, write_version
from tests.fixtures.waiting import PATIENCE

from viewfinder_components.prediction.models.local_model import LocalModel


@pytest.fixture(scope="session")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_version(tmp_path_factory.mktemp("models") / "colour" / "7")


@pytest.fixture(scope="session")
def model(version: Path) -> LocalModel:
    return LocalModel.open(version)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with photos in it and in folders below."""
    folder = tmp_path / "photos"
    for name in ("red.png", "deep/er/blue.png", "deep/green.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(draw(Path(name).stem))
    return folder


def add_photos(folder: Path, count: int) -> None:
    """Add links to one photo: many files at the cost of one."""
    (folder / "many").mkdir(parents=True)
    (first := folder / "many" / "00000.png").write_bytes(draw("red"))
    for number in range(1, count):
        (folder / "many" / f"{number:05}.png").hardlink_to(first)


@dataclass
class Server:
    """A served model that answers red, until it has given as many answers as it may."""

    url: str = ""
    version: str = "7"
    changes_at: int = 1_000_000
    """After so many answers, it serves version 8."""
    told: list[str] = field(default_factory=list)
    """The versions that the first answers name."""
    labels: list[str] = field(default_factory=lambda: list(LABELS))
    may_answer: int = 1_000_000
    status: int = 200
    """What it answers beyond that; 0 for not at all, until the test ends."""
    answered: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    ended: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            version = "8" if state.answered > state.changes_at else state.version
            found = {"models": ["colour"], "versions": [version]}
            self.send(200, json.dumps(found).encode())

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            with state.lock:
                state.answered += 1
                late = state.answered > state.may_answer
            if late and not state.status:
                state.ended.wait(PATIENCE)
                self.close_connection = True
                return
            answer = {
                "label": state.labels[2],
                "labels": state.labels,
                "probabilities": [0.25, 0.25, 0.5],
            }
            body = {"error": "not now"} if late else {"predictions": [answer]}
            self.send(state.status if late else 200, json.dumps(body).encode())

        def end_headers(self) -> None:
            if self.command == "POST" and state.told:
                self.send_header("Viewfinder-Model-Version", state.told.pop(0))
            super().end_headers()

    with serving(Handler) as url:
        state.url = url
        yield state
        state.ended.set()
