"""How much of the predictor's work is Python's, for which one process has one core at a time."""

import base64
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.predictor import PORT, predictor
from tests.benchmarks.reading import make_photo

from viewfinder.cli.demo import MODEL_NAME
from viewfinder_comparison.load.plan import Plan
from viewfinder_comparison.load.process import run_load
from viewfinder_comparison.load.samples import Outcome
from viewfinder_comparison.pinning import pinned
from viewfinder_comparison.servers.http_requests import post_instance
from viewfinder_components.cores import core_numbers
from viewfinder_components.photos.room import DecodingRoom
from viewfinder_pipelines.local.serving import find_version
from viewfinder_serving.classifier import Classifier, Outputs
from viewfinder_serving.servable import Servable
from viewfinder_serving.v1 import parse_request, write_answer

SECONDS = 10.0
CLIENTS = 8
ROUNDS = 3
TIMEOUT = 60.0


def run() -> None:
    """Print the CPU time of the loop's thread and of all others, for each photo."""
    version = find_version(MODEL_NAME)
    photos = [make_photo(number) for number in range(40)]
    print(f"parsing and answering take {measure_python(version, photos):.2f} ms in other threads")
    requests = [post_instance(MODEL_NAME, photo) for photo in photos]
    cores = core_numbers()
    half = max(1, len(cores) // 2)
    with pinned(cores[:half]), predictor(version) as (_, _, process):

        def load(folder: str) -> int:
            plan = Plan("127.0.0.1", PORT, SECONDS, TIMEOUT, clients=CLIENTS)
            samples = run_load(plan, requests, cores[-half:], Path(folder) / "samples")
            return samples.count(Outcome.ANSWERED)

        with tempfile.TemporaryDirectory() as folder:
            load(folder)
            for _ in range(ROUNDS):
                tell(process.pid, lambda: load(folder))


def measure_python(version: Path, photos: list[bytes]) -> float:
    """Return the milliseconds of CPU time that a request takes beside decoding and the model."""
    servable = Servable.load(version, 1)
    classifier = Classifier(servable, 120_000_000, DecodingRoom(300_000_000))
    bodies = [
        json.dumps({"instances": [{"b64": base64.b64encode(photo).decode()}]}).encode()
        for photo in photos
    ]

    def word(found: Outputs) -> bytes:
        return write_answer(classifier.labels, found.rows)

    spent = 0.0
    for body in bodies * ROUNDS:
        started = time.thread_time()
        request = parse_request(body, 1)
        batch = classifier.prepare(request.photos, float("inf"), word)
        spent += time.thread_time() - started
        classifier.advance(batch, lambda: True)  # which empties the caches, as it does under load
        started = time.thread_time()
        word(batch.found)
        spent += time.thread_time() - started
    return 1e3 * spent / (ROUNDS * len(bodies))


def tell(pid: int, load: Callable[[], int]) -> None:
    """Print what a load costs."""
    before = read_cpu_seconds(pid)
    photos = load()
    after = read_cpu_seconds(pid)
    loop = 1e3 * (after[pid] - before[pid]) / photos
    total = 1e3 * (sum(after.values()) - sum(before.values())) / photos
    print(
        f"{photos / SECONDS:.0f} photos/s; each takes {total:.1f} ms of CPU time, {loop:.2f} of "
        f"them in the event loop, whose core is full on {total / loop:.0f} cores"
    )


def read_cpu_seconds(pid: int) -> dict[int, float]:
    """Return the CPU time of each thread of a process; that of the loop has the process's id."""
    seconds = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        fields = (task / "stat").read_text().rpartition(")")[2].split()
        seconds[int(task.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds
