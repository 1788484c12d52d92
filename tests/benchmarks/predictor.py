"""The predictor on the demo's model: time to ready, memory, latency and throughput."""

import base64
import io
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

import httpx
import numpy as np
from PIL import Image
from tests.benchmarks.processes import read_peak_mb
from tests.benchmarks.reading import make_photo

from viewfinder.cli.demo import MODEL_NAME
from viewfinder_components.checking.predictor import predictor_command
from viewfinder_pipelines.local.serving import find_version

STARTS = 5
REQUESTS = 200
PORT = 18_080


def run() -> None:
    """Print the medians of several starts, and latency with 1, 4 and 16 clients."""
    version = find_version(MODEL_NAME)  # says what to do when `make demo` has not run
    ready = []
    for _ in range(STARTS):
        with predictor(version) as (_, seconds, _):
            ready.append(seconds)
    print(f"ready after {median(ready):.1f} s (median of {STARTS} starts)")
    with predictor(version) as (url, _, process):
        for clients in (1, 4, 16):
            print(describe_load(url, clients))
        small = read_peak_mb(process.pid)
        send(url, [encode(make_large_photo())] * 16, clients=4)
        large = read_peak_mb(process.pid)
        print(f"peak memory {small:.0f} MB, {large:.0f} MB after 12-megapixel photos")


@contextmanager
def predictor(
    version: Path, *options: str, port: int = PORT
) -> Iterator[tuple[str, float, subprocess.Popen[bytes]]]:
    """Serve a version; yield its predict URL, the seconds to ready, and the process."""
    command = [
        *predictor_command(version, version.parent.name, "127.0.0.1", port),
        "--no-access-log",
        *options,
    ]
    started = time.perf_counter()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_until_ready(f"http://127.0.0.1:{port}/v2/health/ready", process)
            seconds = time.perf_counter() - started
            yield f"http://127.0.0.1:{port}/v1/models/{MODEL_NAME}:predict", seconds, process
        finally:
            process.terminate()


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Poll every 20 ms; raise when the process has ended."""
    while process.poll() is None:
        try:
            if httpx.get(url).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    raise RuntimeError(f"the predictor ended with {process.returncode}")


def describe_load(url: str, clients: int) -> str:
    """Return photos a second and latency for one number of clients."""
    bodies = [encode(make_photo(number)) for number in range(REQUESTS)]
    send(url, bodies[:20], clients)
    started = time.perf_counter()
    seconds = send(url, bodies, clients)
    rate = REQUESTS / (time.perf_counter() - started)
    cut = quantiles(seconds, n=100)
    return (
        f"{clients:2} clients: {rate:5.0f} photos/s, p50 {cut[49] * 1e3:4.0f} ms, "
        f"p95 {cut[94] * 1e3:4.0f} ms, p99 {cut[98] * 1e3:4.0f} ms"
    )


def send(url: str, bodies: list[dict[str, object]], clients: int) -> list[float]:
    """Send every body, `clients` at a time; return each request's seconds."""
    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(clients) as pool:

        def post(body: dict[str, object]) -> float:
            started = time.perf_counter()
            client.post(url, json=body).raise_for_status()
            return time.perf_counter() - started

        return list(pool.map(post, bodies))


def encode(photo: bytes) -> dict[str, object]:
    """Return the V1 request for a photo."""
    return {"instances": [{"b64": base64.b64encode(photo).decode()}]}


def make_large_photo() -> bytes:
    """Return a JPEG of 4000 x 3000 pixels."""
    noise = np.random.default_rng(0).integers(0, 256, (75, 100, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).resize((4000, 3000)).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
