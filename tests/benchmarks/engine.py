"""The demo's model in the process itself: decoding, inference, and models that share the cores."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import numpy as np
from numpy.typing import NDArray
from tests.benchmarks.reading import make_photo

from viewfinder.cli.demo import MODEL_NAME
from viewfinder_components.cores import usable_cores
from viewfinder_components.inference import InferenceModel
from viewfinder_components.openvino import ov
from viewfinder_components.photos.decode import decode
from viewfinder_pipelines.local.serving import find_version

PHOTOS = 40
CALLS = 200
ROUNDS = 3
SECONDS = 4.0
MAX_PIXELS = 120_000_000


def run() -> None:
    """Print the rates and the CPU time of each way to use the cores, several times in turn."""
    version = find_version(MODEL_NAME)
    cores = usable_cores()
    models = {
        "one after the other, all cores each": (InferenceModel.load(version, "LATENCY", cores), 1),
        f"{cores} at a time, one core each": (
            InferenceModel.load(version, "THROUGHPUT", cores), cores,
        ),
    }  # fmt: skip
    size = next(iter(models.values()))[0].image_size
    files = [make_photo(number) for number in range(PHOTOS)]
    pixels = np.stack([decode(file, size, MAX_PIXELS) for file in files])
    for number in range(ROUNDS):
        print(f"round {number + 1}")
        tell("decode and resize, one core", 1, lambda i: decode(files[i], size, MAX_PIXELS))
        for name, (model, threads) in models.items():
            tell(f"inference, {name}", threads, make_call(model, pixels))
        for pinned in (True, False):
            rates = " and ".join(f"{rate:.0f}" for rate in measure_processes(version, pinned))
            how = "bound to cores" if pinned else "on any core"
            print(f"  {cores} processes of one thread, {how}: {rates} photos/s")


def make_call(model: InferenceModel, pixels: NDArray[np.uint8]) -> Callable[[int], object]:
    """Return what runs one of the photos."""
    return lambda i: model.predict(pixels[i : i + 1])


def tell(what: str, threads: int, call: Callable[[int], object]) -> None:
    """Print the rate and the CPU time of a call in several threads."""
    started, cpu = time.perf_counter(), time.process_time()
    workers = [Thread(target=repeat, args=(call,)) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    number = CALLS * threads
    rate = number / (time.perf_counter() - started)
    spent = 1e3 * (time.process_time() - cpu) / number
    print(f"  {what}: {rate:.0f} photos/s, {spent:.1f} ms of CPU time each")


def repeat(call: Callable[[int], object]) -> None:
    """Call it for every photo, again and again."""
    for number in range(CALLS):
        call(number % PHOTOS)


def measure_processes(version: Path, pinned: bool) -> list[float]:
    """Return the photos a second of as many processes as there are cores, at the same time."""
    command = [sys.executable, "-m", __name__, str(version), str(pinned)]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(usable_cores())
    ]
    return [float(process.communicate()[0]) for process in processes]


def measure_one_thread(version: Path, pinned: bool) -> float:
    """Return the photos a second of one thread, bound to a core or not."""
    settings = {
        "INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32", "ENABLE_CPU_PINNING": pinned,
    }  # fmt: skip
    compiled = ov.Core().compile_model(version / "model.xml", "CPU", settings)
    size = compiled.input(0).get_partial_shape()[1].get_length()
    photo = np.zeros((1, size, size, 3), np.uint8)
    compiled.create_infer_request().infer({0: photo})
    calls, end = 0, time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        compiled.create_infer_request().infer({0: photo})
        calls += 1
    return calls / SECONDS


if __name__ == "__main__":
    print(measure_one_thread(Path(sys.argv[1]), sys.argv[2] == "True"))
