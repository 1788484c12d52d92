"""A predictor process around a tiny model, and the photos to ask it about."""

import base64
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
from tests.fixtures.drift_references import write_reference
from tests.fixtures.servables import draw, write_servable
from tests.fixtures.waiting import PATIENCE, wait_for


class Predictor:
    """A running predictor process."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, log: Path) -> None:
        self.process = process
        self.url = url
        self.log = log
        self.client = httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False)
        self.port = httpx.URL(url).port
        self.predict_path = "/v1/models/colour:predict"
        self.infer_path = "/v2/models/colour/infer"

    def predict(self, *photos: bytes) -> httpx.Response:
        body = {"instances": [{"b64": base64.b64encode(photo).decode()} for photo in photos]}
        return self.client.post(self.predict_path, json=body)

    def metric(self, name: str) -> float:
        """The sum of a metric's samples whose name and labels begin with `name`."""
        lines = self.client.get("/metrics").text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@contextmanager
def run_predictor(
    model_dir: Path,
    scratch: Path,
    *options: str,
    enter: Callable[[list[str]], list[str]] = lambda command: command,
) -> Iterator[Predictor]:
    """Start a predictor; `enter` makes of its command one that runs it elsewhere."""
    scratch.mkdir(parents=True, exist_ok=True)
    ready, log = scratch / "ready.json", scratch / "log"
    command = [sys.executable, "-m", "viewfinder_serving", "--model-dir", str(model_dir)]
    command += ["--model-name", "colour", "--port", "0", "--ready-file", str(ready)]
    command += ["--request-seconds", str(PATIENCE), *options]
    with log.open("wb") as output:
        process = subprocess.Popen(
            enter(command), stdin=subprocess.PIPE, stderr=output, stdout=output
        )
    predictor = None
    try:
        wait_until_ready(process, ready, log)
        predictor = Predictor(process, json.loads(ready.read_text())["url"], log)
        yield predictor
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        if predictor:
            predictor.client.close()


def wait_until_ready(process: subprocess.Popen[bytes], ready: Path, log: Path) -> None:
    def is_ready() -> bool:
        assert process.poll() is None, log.read_text()
        return ready.exists()

    wait_for(is_ready, "the predictor to be ready", pause=0.02, log=log)


@pytest.fixture(scope="session")
def servable_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_servable(tmp_path_factory.mktemp("models") / "colour" / "7", scale=8.0)
    write_reference(folder)
    return folder


@pytest.fixture(scope="session")
def predictor(servable_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Predictor]:
    """One predictor for every test that does not end it."""
    options = ["--max-request-mb", "1", "--max-megapixels", "2", "--max-photos", "4"]
    options += ["--body-seconds", "1.5"]
    with run_predictor(servable_dir, tmp_path_factory.mktemp("predictor"), *options) as running:
        yield running


@pytest.fixture
def start(servable_dir: Path, tmp_path: Path) -> Callable[..., object]:
    """Starts a predictor of the test's own: `with start("--option") as predictor`."""

    def run(*options: str):
        return run_predictor(servable_dir, tmp_path / "predictor", *options)

    return run


@pytest.fixture
def photo() -> Callable[..., bytes]:
    """Draws a picture of one colour."""
    return partial(draw, form="JPEG")


@pytest.fixture(scope="session")
def heavy_photo() -> bytes:
    """Few bytes that take long to decode."""
    return draw("red", (3000, 2000))


@pytest.fixture(scope="session")
def large_photo() -> bytes:
    """More than a megabyte that is soon decoded."""
    return draw("red", form="JPEG") + bytes(1_100_000)
