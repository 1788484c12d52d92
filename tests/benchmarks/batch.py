"""Batch prediction beside decoding alone and inference alone, in one process and in turn."""

import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
from tests.fixtures.photos import fruit_photos

from viewfinder.cli.demo import MODEL_NAME
from viewfinder_components.inference import InferenceModel
from viewfinder_components.photos.decode import decode
from viewfinder_components.prediction.models.local_model import LocalModel
from viewfinder_components.prediction.outputs.output import open_output
from viewfinder_components.prediction.predict import predict_files
from viewfinder_pipelines.local.serving import find_version

ROUNDS = 5
PHOTOS = 512
_MAX_PIXELS = 10**9


class Pace(NamedTuple):
    """How fast one kind of work was in one round."""

    rate: float
    """Photos a second."""
    processor: float
    """Milliseconds of processor time for a photo."""


def run() -> None:
    """Print the pace of all three, and how close the batch comes to what they allow."""
    version = find_version(MODEL_NAME)  # says what to do when `make demo` has not run
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "photos"
        photos = write_photos(folder)
        paces = measure(version, folder, photos)
    print(f"{len(photos)} photos, {cpu_count()} cores, median of {ROUNDS} rounds")
    for kind, found in paces.items():
        rate, spent = (median(values) for values in zip(*found, strict=True))
        print(f"{kind:<18}{rate:8.0f} photos/s {spent:8.1f} ms of processor time each")
    decoding, inference, batch = paces.values()
    # Both need all cores, so that the least time for a photo is the sum of both. Processor time
    # does not count the time in which other programs have the cores.
    rounds = [*zip(decoding, inference, batch, strict=True)]
    rates = median(b.rate * (1 / d.rate + 1 / i.rate) for d, i, b in rounds)
    spent = median((d.processor + i.processor) / b.processor for d, i, b in rounds)
    print(
        f"batch prediction, compared with both alone: {rates:.2f} of the rate they allow, ", end=""
    )
    print(f"{spent:.2f} by processor time")


def write_photos(folder: Path) -> list[bytes]:
    """Write some of the demo's photos, and return them."""
    photos = fruit_photos(PHOTOS)
    folder.mkdir()
    for number, photo in enumerate(photos):
        (folder / f"{number}.jpg").write_bytes(photo)
    return photos


def measure(version: Path, folder: Path, photos: list[bytes]) -> dict[str, list[Pace]]:
    """Return the pace of every kind and round."""
    loaded, model = LocalModel.open(version), InferenceModel.load(version)
    side = model.image_size
    pixels = np.stack([decode(photo, side, _MAX_PIXELS) for photo in photos])

    def predict() -> None:
        target = folder.parent / "out"
        target.mkdir()
        predict_files(str(folder), open_output(str(target / "o.parquet"), target), loaded)
        shutil.rmtree(target)

    def decode_all() -> None:
        with ThreadPoolExecutor(cpu_count()) as pool:
            for _ in pool.map(lambda photo: decode(photo, side, _MAX_PIXELS), photos):
                pass

    work: dict[str, Callable[[], object]] = {
        "decoding alone": decode_all,
        "inference alone": lambda: model.predict_many(pixels, 1),
        "batch prediction": predict,
    }
    paces: dict[str, list[Pace]] = {kind: [] for kind in work}
    for _ in range(ROUNDS):
        for kind, do in work.items():
            started, spent = time.perf_counter(), time.process_time()
            do()
            seconds, spent = time.perf_counter() - started, time.process_time() - spent
            paces[kind].append(Pace(len(photos) / seconds, 1000 * spent / len(photos)))
    return paces
