"""A check where the processors are busy: slow is told from standing still, and refuses nobody."""

import base64
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from PIL import Image
from tests.fixtures.servables import draw, write_evaluation, write_servable
from tests.fixtures.waiting import wait_for
from tests.unit.checking.test_check_servable import predictors, read_verdict

from viewfinder_components.checking.check import check_servable
from viewfinder_components.checking.config import CheckConfig
from viewfinder_components.checking.conversation import (
    Conversation,
    NoAnswerError,
    Patience,
    conversing,
)
from viewfinder_components.checking.measure import Latency
from viewfinder_components.checking.node import NodeReading, describe_node
from viewfinder_components.checking.predictor import RunningPredictor, running_predictor
from viewfinder_components.checking.processor import ProcessorReading, Spent
from viewfinder_components.errors import PermanentError
from viewfinder_components.parity import encode_request

PREDICT = "/v1/models/checked:predict"


@pytest.fixture
def servable(tmp_path):
    return write_servable(tmp_path / "servable")


def large_photo() -> bytes:
    """A tenth of a second's work."""
    file = io.BytesIO()
    Image.effect_noise((3000, 2000), 90).convert("RGB").save(file, "PNG", compress_level=1)
    return file.getvalue()


@contextmanager
def starving(pid: int, policy: int) -> Iterator[None]:
    """Leave a process what another one leaves of a processor: a little, or next to nothing."""
    core = min(os.sched_getaffinity(0))
    command = [sys.executable, "-c", "while True: pass"]
    with subprocess.Popen(command) as busy:
        try:
            os.sched_setaffinity(busy.pid, {core})
            for thread in psutil.Process(pid).threads():
                os.sched_setscheduler(thread.id, policy, os.sched_param(0))
                os.sched_setaffinity(thread.id, {core})
                os.setpriority(os.PRIO_PROCESS, thread.id, 15)
            yield
        finally:
            busy.kill()


def test_a_wait_for_a_processor_is_not_the_predictors(servable):
    with (
        running_predictor(servable, "checked", 60) as predictor,
        starving(predictor.pid, os.SCHED_OTHER),
        conversing(predictor, Patience()) as conversation,
    ):
        answer = conversation.post(PREDICT, encode_request(draw((200, 0, 0))))
    assert answer.response.status_code == 200
    assert answer.spent.waiting_seconds > 0
    assert answer.own_seconds < answer.wall_seconds


def test_a_predictor_that_gets_no_processor_is_not_at_fault(servable):
    photos = [large_photo()] * 20

    def ask_all(conversation: Conversation) -> None:
        for photo in photos:
            conversation.post(PREDICT, encode_request(photo))

    with (
        running_predictor(servable, "checked", 60) as predictor,
        starving(predictor.pid, os.SCHED_IDLE),
        conversing(predictor, Patience(still_seconds=60, busy_seconds=1)) as conversation,
        pytest.raises(NoAnswerError) as caught,
    ):
        ask_all(conversation)
    assert caught.value.busy
    assert "too busy" in caught.value.sentence
    assert "waited" in caught.value.sentence


def test_a_predictor_that_stands_still_is_told(servable, tmp_path):
    """Stopped by a signal: no thread runs, and none is ready to."""
    evaluation = write_evaluation(tmp_path / "evaluation", servable, [draw((200, 0, 0))])

    def stop() -> None:
        # Besides the port that it listens on, it has a connection: the check's.
        wait_for(
            lambda: any(len(found.connections(kind="tcp")) > 1 for found in predictors()),
            "the check to connect",
        )
        predictors()[0].send_signal(signal.SIGSTOP)

    thread = threading.Thread(target=stop)
    thread.start()
    patience = Patience(still_seconds=1)
    config = CheckConfig(requests=100_000)  # it cannot be done before the signal comes
    with pytest.raises(PermanentError, match="is stuck: no answer in"):
        check_servable(servable, evaluation, tmp_path / "verdict", config, patience)
    thread.join()
    verdict = read_verdict(tmp_path / "verdict")
    assert verdict["passed"] is False
    assert verdict["busy"] is False
    assert verdict["node"].keys() >= {"load", "cores", "throttled_seconds", "pressure_seconds"}
    assert predictors() == []


def test_a_predictor_that_is_killed_is_told(servable):
    with running_predictor(servable, "checked", 60) as predictor:
        with conversing(predictor, Patience()) as conversation:
            assert conversation.get("/v2").response.status_code == 200
            predictor.kill()
            predictor.process.wait()
            with pytest.raises(NoAnswerError, match="exited with code -9"):
                conversation.get("/v2")
        assert predictor.peak_memory_mb() is None


def test_a_predictor_that_works_without_an_end_is_told(servable):
    patience = Patience(work_seconds=0.01)
    photo = base64.b64encode(draw((200, 0, 0), (4000, 3000))).decode()
    many = json.dumps({"instances": [{"b64": photo}] * 60}).encode()
    with (
        running_predictor(servable, "checked", 60) as predictor,
        conversing(predictor, patience) as conversation,
        pytest.raises(NoAnswerError, match="does not finish: no answer in") as caught,
    ):
        conversation.post(PREDICT, many)
    assert not caught.value.busy
    crashed = predictor.process.returncode == -signal.SIGSEGV  # CPython did, reading the stacks
    assert crashed or "most recent call first" in caught.value.stacks


def test_a_predictor_that_ends_as_it_writes_its_stacks_is_told_all_the_same(servable, monkeypatch):
    def end(predictor: RunningPredictor) -> str:
        predictor.kill()
        predictor.process.wait()
        time.sleep(0.5)  # the other thread learns of it now
        return ""

    monkeypatch.setattr(RunningPredictor, "read_stacks", end)
    photo = base64.b64encode(draw((200, 0, 0), (4000, 3000))).decode()
    many = json.dumps({"instances": [{"b64": photo}] * 60}).encode()
    with (
        running_predictor(servable, "checked", 60) as predictor,
        conversing(predictor, Patience(work_seconds=0.01)) as conversation,
        pytest.raises(NoAnswerError, match="does not finish: no answer in"),
    ):
        conversation.post(PREDICT, many)


def test_all_answers_together_have_an_end(servable):
    with (
        running_predictor(servable, "checked", 60) as predictor,
        conversing(predictor, Patience(whole_seconds=0.001)) as conversation,
        pytest.raises(NoAnswerError, match="too busy for measurements: all answers") as caught,
    ):
        conversation.get("/v2")
    assert caught.value.busy


def test_what_a_process_spends():
    before = ProcessorReading.of(os.getpid())
    deadline = time.process_time() + 0.2
    while time.process_time() < deadline:
        pass
    after = ProcessorReading.of(os.getpid())
    assert after.wanting
    assert after.since(before).cpu_seconds >= 0.15
    assert ProcessorReading.of(2**22 + 1).threads == {}


def copy_threads(folder: Path, schedstat: str | None) -> None:
    """What the kernel tells of this process now, with other words in place of schedstat."""
    for task in Path("/proc/self/task").iterdir():
        copy = folder / task.name
        copy.mkdir(parents=True)
        (copy / "stat").write_bytes((task / "stat").read_bytes())
        if schedstat is not None:
            (copy / "schedstat").write_text(schedstat)


@pytest.mark.parametrize("schedstat", [None, "0 0 0\n"])
def test_a_kernel_that_tells_no_wait_still_tells_who_works(tmp_path, schedstat):
    """gVisor has no schedstat, Linux without CONFIG_SCHED_INFO has zeros in it."""
    copy_threads(tmp_path / "before", schedstat)
    deadline = time.process_time() + 0.2
    while time.process_time() < deadline:
        pass
    copy_threads(tmp_path / "after", schedstat)
    after = ProcessorReading.read(tmp_path / "after")
    spent = after.since(ProcessorReading.read(tmp_path / "before"))
    assert spent.cpu_seconds >= 0.15
    assert spent.waiting_seconds == 0
    assert after.wanting


@pytest.mark.parametrize(
    ("wall", "cpu", "waiting", "own"),
    [
        (1.0, 0.1, 0.0, 1.0),  # it was blocked: nobody else is to blame
        (1.0, 0.1, 0.8, 0.2),
        (1.0, 0.1, 3.0, 0.1),  # several threads waited side by side
        (1.0, 2.0, 0.0, 1.0),  # several threads ran side by side
    ],
)
def test_time_without_waiting(wall, cpu, waiting, own):
    assert Spent(cpu, waiting).own_seconds(wall) == pytest.approx(own)


def latency(wall: float, own: float, cpu: float, waiting: float) -> Latency:
    return Latency((wall,) * 10, (own,) * 10, (cpu,) * 10, Spent(cpu / 100, waiting / 100))


def test_what_excuses_a_latency():
    cores = len(os.sched_getaffinity(0))
    assert latency(900, 600, 20, 300).is_excused(50, 500)
    assert not latency(600, 599, 20, 1).is_excused(50, 500)  # the node had time
    assert not latency(9000, 800, 600 * cores, 8000).is_excused(50, 500)  # the work is too much


def test_the_nodes_evidence():
    evidence = NodeReading.now().since(NodeReading(0.0, 1.0, None))
    assert evidence["pressure_seconds"] is None
    assert evidence["cores"] >= 1
    assert "load" in describe_node(evidence | {"throttled_seconds": None})
    words = describe_node(evidence | {"throttled_seconds": 2.5})
    assert "throttled it for 2.5 s" in words
