"""The load generator against real servers: what it counts, and from when."""

import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
from tests.fixtures.ports import free_port
from tests.fixtures.waiting import PATIENCE
from tests.unit.comparison.loaded_server import Behaviour, answer, hang_up, serving

from viewfinder_comparison.load.plan import Plan
from viewfinder_comparison.load.process import run_load
from viewfinder_comparison.load.samples import Outcome, Samples
from viewfinder_comparison.servers.http_requests import post
from viewfinder_components.cores import core_numbers
from viewfinder_components.errors import PermanentError

REQUEST = post("/infer", "image/jpeg", b"photo")


def run(port: int, folder: Path, **plan: float | int | str | None) -> Samples:
    """Run the generator in its own process, as a comparison does."""
    values = {"host": "127.0.0.1", "port": port, "seconds": 0.5, "timeout": 30.0, **plan}
    output = folder / "samples.npz"
    return run_load(Plan(**values), [REQUEST], core_numbers(), output)  # type: ignore[arg-type]


def test_closed_loop_has_no_more_requests_than_clients(tmp_path: Path) -> None:
    lock, open_requests, most = threading.Lock(), 0, 0

    def behave(number: int, handler: object) -> None:
        nonlocal open_requests, most
        with lock:
            open_requests += 1
            most = max(most, open_requests)
        answer(handler)  # type: ignore[arg-type]
        with lock:
            open_requests -= 1

    with serving(behave) as port:
        samples = run(port, tmp_path, clients=3)
    assert samples.count(Outcome.ANSWERED) == len(samples.due) > 3
    assert 1 <= most <= 3
    assert (samples.seconds > 0).all()
    assert samples.cpu_seconds > 0


def answer_when_ten_are_there() -> Behaviour:
    """Behave so that the first answer comes only after the tenth request has come."""
    all_there = threading.Event()

    def behave(number: int, handler: BaseHTTPRequestHandler) -> None:
        if number == 9:
            all_there.set()
        assert all_there.wait(PATIENCE)
        answer(handler)

    return behave


def test_open_loop_sends_without_waiting(tmp_path: Path) -> None:
    with serving(answer_when_ten_are_there()) as port:
        samples = run(port, tmp_path, rate=20, arrivals="constant")
    assert samples.count(Outcome.ANSWERED) == len(samples.due) == 10
    np.testing.assert_allclose(samples.due, np.arange(10) / 20, atol=1e-6)


def test_latency_counts_from_when_a_request_was_due(tmp_path: Path) -> None:
    """A stall is charged to every request that was due meanwhile: no coordinated omission."""
    with serving(answer_when_ten_are_there()) as port:
        samples = run(port, tmp_path, rate=20, arrivals="constant")
    # The k-th request waits at least until the last one is due, (9 - k) / 20 s later.
    assert (samples.seconds >= (9 - np.arange(10)) / 20 - 1e-3).all()
    assert (samples.sent >= samples.due - 1e-6).all()


def test_outcomes_are_told_apart(tmp_path: Path) -> None:
    kinds = [200, 503, 429, 500, None]

    def behave(number: int, handler: object) -> None:
        status = kinds[number % 5]
        if status is None:
            hang_up(handler)  # type: ignore[arg-type]
        else:
            answer(handler, status)  # type: ignore[arg-type]

    with serving(behave) as port:
        samples = run(port, tmp_path, rate=40, arrivals="constant")
    counts = {outcome.name: samples.count(outcome) for outcome in Outcome}
    # A connection that ends before an answer is asked again where it was an idle one.
    assert counts["REFUSED"] >= 2 * counts["FAILED"] > 0
    assert counts["ANSWERED"] > 0
    assert counts["UNANSWERED"] == 0
    assert sum(counts.values()) == len(samples.due) == 20


def test_a_server_that_hangs_up_loses_requests(tmp_path: Path) -> None:
    with serving(lambda number, handler: hang_up(handler)) as port:
        samples = run(port, tmp_path, clients=2)
    assert samples.count(Outcome.LOST) == len(samples.due) > 0
    assert samples.share_within(60) == 0
    assert samples.answers_per_second(0.5) == 0


def test_nobody_listens(tmp_path: Path) -> None:
    samples = run(free_port(), tmp_path, rate=20)
    assert samples.count(Outcome.LOST) == len(samples.due) > 0


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    done = threading.Event()
    with serving(lambda number, handler: bool(done.wait(PATIENCE)) and None) as port:
        samples = run(port, tmp_path, rate=20, timeout=0.2)
        done.set()
    assert samples.count(Outcome.UNANSWERED) == len(samples.due) > 0
    assert len(samples.latencies) == 0


def test_temporary_files_may_be_on_another_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where /tmp is in memory: a file cannot be renamed from there to the output."""
    elsewhere = Path("/dev/shm")  # noqa: S108  (a file system of its own)
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other file system")
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    with serving(lambda number, handler: answer(handler)) as port:
        assert len(run(port, tmp_path, clients=1).due)
    assert list(tmp_path.rglob("*.npz"))


def test_samples_are_kept(tmp_path: Path) -> None:
    with serving(lambda number, handler: answer(handler)) as port:
        samples = run(port, tmp_path, rate=20)
    with np.load(tmp_path / "samples.npz") as file:
        assert set(file) == {"due", "sent", "seconds", "outcome", "cpu_seconds"}
        assert len(file["due"]) == len(samples.due)


@pytest.mark.parametrize("cores", [core_numbers()[:1]])
def test_the_generator_runs_on_the_clients_cores(tmp_path: Path, cores: list[int]) -> None:
    before = core_numbers()
    with serving(lambda number, handler: answer(handler)) as port:
        plan = Plan("127.0.0.1", port, 0.2, 30.0, clients=1)
        assert len(run_load(plan, [REQUEST], cores, tmp_path / "samples.npz").due)
    assert core_numbers() == before


def test_the_disk_that_is_full_is_the_one_that_is_named(tmp_path: Path) -> None:
    """The samples are moved there from the disk of the temporary files, which has room."""
    mount = ["mount", "-t", "tmpfs", "-o", "nr_inodes=1", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no permission to mount a small disk")
    try:
        with (
            serving(lambda number, handler: answer(handler)) as port,
            pytest.raises(PermanentError, match=f"space on the disk for samples at {tmp_path}"),
        ):
            run(port, tmp_path, clients=1)
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)
