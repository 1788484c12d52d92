"""A predictor process around a tiny model, and the photos to ask it about."""

import base64
import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops
from PIL import Image

LABELS = ["blue", "green", "red"]
COLOURS = {"blue": (0, 0, 255), "green": (0, 255, 0), "red": (255, 0, 0)}


class Predictor:
    """A running predictor process."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, log: Path) -> None:
        self.process = process
        self.url = url
        self.log = log
        self.client = httpx.Client(base_url=url, timeout=30, trust_env=False)
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
        return self.process.wait(20)


def write_servable(folder: Path) -> None:
    """A model whose answer is the photo's mean colour."""
    folder.mkdir(parents=True)
    pixels = ops.parameter([-1, 32, 32, 3], np.uint8, name="pixels")
    mean = ops.reduce_mean(ops.convert(pixels, "f32"), np.array([1, 2]), keep_dims=False)
    weights = np.array([[0, 0, 8], [0, 8, 0], [8, 0, 0]], np.float32) / 255
    row = ops.softmax(ops.matmul(mean, ops.constant(weights), False, False), 1)
    ov.save_model(ov.Model([ops.result(row)], [pixels]), folder / "model.xml", False)
    (folder / "labels.json").write_text(json.dumps(LABELS))


def draw(colour: str, size: tuple[int, int] = (64, 48), form: str = "JPEG", **options) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, COLOURS[colour]).save(file, form, **options)
    return file.getvalue()


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
    command += ["--model-name", "colour", "--port", "0", "--ready-file", str(ready), *options]
    with log.open("wb") as output:
        process = subprocess.Popen(
            enter(command), stdin=subprocess.PIPE, stderr=output, stdout=output
        )
    predictor = None
    try:
        deadline = time.monotonic() + 60
        while not ready.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        predictor = Predictor(process, json.loads(ready.read_text())["url"], log)
        yield predictor
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        if predictor:
            predictor.client.close()


@pytest.fixture(scope="session")
def servable_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "colour" / "7"
    write_servable(folder)
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
    return draw


@pytest.fixture(scope="session")
def heavy_photo() -> bytes:
    """Few bytes that take long to decode."""
    return draw("red", (3000, 2000), "PNG")


@pytest.fixture(scope="session")
def large_photo() -> bytes:
    """More than a megabyte that is soon decoded."""
    return draw("red") + bytes(1_100_000)
