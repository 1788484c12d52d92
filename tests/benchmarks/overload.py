"""The predictor when it gets more than it can answer, on cores of its own."""

import tempfile
from pathlib import Path

from tests.benchmarks.predictor import PORT, predictor
from tests.benchmarks.reading import make_photo

from viewfinder.cli.demo import MODEL_NAME
from viewfinder_comparison.load.plan import Plan
from viewfinder_comparison.load.process import run_load
from viewfinder_comparison.load.samples import Outcome, Samples
from viewfinder_comparison.pinning import pinned
from viewfinder_comparison.servers.http_requests import post_instance
from viewfinder_components.cores import core_numbers
from viewfinder_pipelines.local.serving import find_version

SECONDS = 10.0
TIMEOUT = 60.0
FITTING, TOO_MANY = 8, 128
TIMES = 3


def run() -> None:
    """Print what is answered and refused at the capacity, and far beyond it."""
    version = find_version(MODEL_NAME)
    requests = [post_instance(MODEL_NAME, make_photo(number)) for number in range(40)]
    cores = sorted(core_numbers())
    half = max(1, len(cores) // 2)
    with pinned(cores[:half]), predictor(version), tempfile.TemporaryDirectory() as folder:

        def load(what: str, clients: int | None, rate: float | None) -> float:
            plan = Plan("127.0.0.1", PORT, SECONDS, TIMEOUT, clients=clients, rate=rate)
            return tell(what, run_load(plan, requests, cores[-half:], Path(folder) / "samples"))

        load("warming up", FITTING, None)
        capacity = load(f"{FITTING} clients", FITTING, None)
        load(f"{TOO_MANY} clients that ask again at once", TOO_MANY, None)
        load(f"{TIMES} times that rate", None, TIMES * capacity)
        load(f"{FITTING} clients again", FITTING, None)


def tell(what: str, samples: Samples) -> float:
    """Print the outcomes a second; return the rate of answers."""
    answered = samples.count(Outcome.ANSWERED) / SECONDS
    rest = [
        f"{samples.count(outcome) / SECONDS:.0f} {outcome.name.lower()}"
        for outcome in Outcome
        if outcome != Outcome.ANSWERED and samples.count(outcome)
    ]
    print(f"{what}: {answered:.0f} photos/s answered", *rest, sep=", ")
    return answered
