"""How much of a core the predictor's event loop takes at full load: on how many it is enough."""

import os
import tempfile
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
from viewfinder_pipelines.local.serving import find_version

SECONDS = 10.0
CLIENTS = 8
ROUNDS = 3
TIMEOUT = 60.0


def run() -> None:
    """Print the CPU time of the loop's thread and of all others, for each photo."""
    version = find_version(MODEL_NAME)
    requests = [post_instance(MODEL_NAME, make_photo(number)) for number in range(40)]
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
