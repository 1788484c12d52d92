"""What traces cost: a predictor that writes all of them beside one that writes none, in turns."""

import os
import tempfile
from pathlib import Path
from statistics import median

import psutil
from tests.benchmarks.predictor import predictor
from tests.benchmarks.reading import make_photo
from tests.fixtures.loopback import QuietHandler, serving
from tests.fixtures.ports import free_port

from viewfinder.cli.demo import MODEL_NAME
from viewfinder_comparison.load.plan import Plan
from viewfinder_comparison.load.process import run_load
from viewfinder_comparison.load.samples import Outcome
from viewfinder_comparison.pinning import pinned
from viewfinder_comparison.servers.http_requests import post_instance
from viewfinder_components.cores import core_numbers
from viewfinder_pipelines.local.serving import find_version

SECONDS = 5.0
ROUNDS = 12
CLIENTS = 8


class Collector(QuietHandler):
    """Takes spans, and looks at none."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send(200, b"", "application/x-protobuf")


def run() -> None:
    """Print the throughput and the processor time of a photo, without and with traces."""
    version = find_version(MODEL_NAME)
    requests = [post_instance(MODEL_NAME, make_photo(number)) for number in range(40)]
    cores = sorted(core_numbers())
    half = max(1, len(cores) // 2)
    with serving(Collector) as url, tempfile.TemporaryDirectory() as folder:
        os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = url
        with pinned(cores[:half]):
            ports = free_port(), free_port()
            without = predictor(version, "--no-tracing", port=ports[0])
            traced = predictor(version, "--tracing", port=ports[1])

            def load(port: int, process: psutil.Process) -> tuple[float, float]:
                """Return photos a second, and milliseconds of processor time for each."""
                before = sum(process.cpu_times()[:2])
                plan = Plan("127.0.0.1", port, SECONDS, 60.0, clients=CLIENTS)
                samples = run_load(plan, requests, cores[-half:], Path(folder) / "samples")
                answered = samples.count(Outcome.ANSWERED)
                spent = sum(process.cpu_times()[:2]) - before
                return answered / SECONDS, 1e3 * spent / answered

            with without as (_, _, one), traced as (_, _, other):
                served = list(zip(ports, map(psutil.Process, (one.pid, other.pid)), strict=True))
                for each in served:
                    load(*each)
                rounds = [[load(*each) for each in served] for _ in range(ROUNDS)]
    for what, index, unit in (("throughput", 0, "photos/s"), ("processor time", 1, "ms a photo")):
        off, on = (median(both[side][index] for both in rounds) for side in (0, 1))
        ratio = median(both[1][index] / both[0][index] for both in rounds)
        print(f"{what}: {off:.1f} {unit} without, {on:.1f} with traces; median ratio {ratio:.3f}")
