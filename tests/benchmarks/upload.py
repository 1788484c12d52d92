"""A photo of 3 MB over a slow link, as it is and shrunk: bytes sent, and time to the answer."""

import asyncio
import io
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image
from tests.benchmarks.slow_link import slow_link
from tests.fixtures.photos import imagenet_files
from tests.fixtures.servables import write_servable
from tests.serving.conftest import run_predictor

from viewfinder_client import AsyncClient
from viewfinder_client.photo_body import PhotoBody, TensorBody
from viewfinder_client.shrinking import shrink

_SIDE = 224
_MEGABITS = (8, 50)  # a second; the first is that of a slow home connection's upload
_DELAY = 0.01  # seconds, in each direction
_TIMES = 5
_MEGABYTES = 3


def run() -> None:
    """Print the bytes, the time to shrink, and the median time of an answer on each link."""
    photo = make_photo()
    started = time.perf_counter()
    for _ in range(_TIMES):
        small = shrink(photo, _SIDE)
    seconds = (time.perf_counter() - started) / _TIMES
    print(f"{len(photo):,} bytes; shrunk in {1e3 * seconds:.0f} ms to {len(small):,} bytes")
    for name, body in (("v1", PhotoBody), ("v2", TensorBody)):
        whole, shrunk = (int(body(one).headers["Content-Length"]) for one in (photo, small))
        print(f"{name}: {whole:,} bytes are sent, {shrunk:,} shrunk")
    with tempfile.TemporaryDirectory() as scratch:
        model = write_servable(Path(scratch, "colour", "7"), side=_SIDE)
        with run_predictor(model, Path(scratch, "predictor")) as predictor:
            for megabits in _MEGABITS:
                asyncio.run(measure(photo, predictor.port, megabits))


async def measure(photo: bytes, port: int, megabits: int) -> None:
    """Print the median time of an answer, whole and shrunk."""
    async with slow_link(port, megabits * 1e6, _DELAY) as near:
        for protocol in ("v1", "v2"):
            found = {}
            for shrunk in (False, "auto"):
                async with AsyncClient(
                    f"http://127.0.0.1:{near}", protocol=protocol, shrink=shrunk
                ) as client:
                    await client.open()
                    found[shrunk] = [await ask(client, photo) for _ in range(_TIMES)]
            whole, small = (median(seconds for seconds, _ in rows) for rows in found.values())
            answers = {tuple(answer.items()) for rows in found.values() for _, answer in rows}
            print(
                f"{megabits} Mbit/s, {protocol}: {whole:.2f} s whole, {small:.2f} s shrunk "
                f"(medians of {_TIMES}); different answers: {len(answers) - 1}"
            )


async def ask(client: AsyncClient, photo: bytes) -> tuple[float, dict[str, float]]:
    """Return how long an answer took, and its probabilities."""
    started = time.perf_counter()
    told = await client.classify(photo)
    return time.perf_counter() - started, told.probabilities


def make_photo() -> bytes:
    """Return a JPEG of 12 megapixels and about 3 MB, an enlarged photo of ImageNet with grain."""
    with Image.open(imagenet_files()[0]) as opened:
        large = np.asarray(opened.convert("RGB").resize((4000, 3000)), np.int16)
    grain = np.random.default_rng(0).normal(0, 5, large.shape[:2])[..., None]
    picture = Image.fromarray((large + grain).clip(0, 255).astype(np.uint8))
    for quality in range(95, 50, -1):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality)
        if len(file.getvalue()) <= _MEGABYTES * 1e6:
            return file.getvalue()
    raise AssertionError("expected a photo of 3 MB")
