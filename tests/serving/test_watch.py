"""`viewfinder watch` beside a real predictor."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.fixtures.waiting import PATIENCE, wait_for

import viewfinder

WATCH = (sys.executable, "-c", "from viewfinder.cli.main import main; main()", "watch")
COLUMNS = 50


@contextmanager
def asking(predictor, photo) -> Iterator[None]:
    """Two photos are classified and one is refused, again and again, while the block runs."""
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.wait(0.02):
            assert predictor.predict(photo("red"), photo("blue")).status_code == 200
            assert predictor.predict(b"text").status_code == 400

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def test_the_figures_are_those_of_the_requests(predictor, photo):
    with asking(predictor, photo):
        began = time.monotonic()
        before = predictor.metric("viewfinder_requests_total")
        found = viewfinder.watch("colour", endpoint=predictor.url, interval=1.0)
        figures = next(found)
        asked = predictor.metric("viewfinder_requests_total") - before
        seconds = time.monotonic() - began
        found.close()
    rate = figures.requests_per_second
    assert asked / seconds / 2 < rate < asked
    assert set(figures.outcomes) >= {"answered", "refused"}
    assert sum(figures.outcomes.values()) == pytest.approx(rate)
    assert figures.photos_per_second == pytest.approx(2 * figures.outcomes["answered"], rel=0.5)
    assert figures.refused_photos["not_a_photo"] == pytest.approx(
        figures.outcomes["refused"], rel=0.5
    )
    assert figures.classes["red"] == pytest.approx(0.5)
    assert 0.9 < figures.confidence <= 1
    assert 0 < figures.p50_seconds <= figures.p95_seconds <= figures.p99_seconds < PATIENCE
    for name in ("busy_share", "queue_seconds", "decode_seconds", "inference_seconds"):
        assert 0 < getattr(figures, name) < PATIENCE, name
    (replica,) = figures.replicas
    assert (replica.is_ready, replica.model, replica.version) == (True, "colour", "7")
    assert replica.precision == "f32"
    assert 0 < replica.load_seconds < replica.start_seconds


def test_a_line_for_each_reading(predictor):
    options = ("--endpoint", predictor.url, "--interval", "0.1", "--count", "2")
    done = subprocess.run(
        [*WATCH, "colour", *options], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    first, second = done.stdout.splitlines()
    assert "requests/s" in first
    assert second.endswith("1 of 1 up")


def test_a_picture_on_a_terminal(predictor, photo):
    """It is drawn in the same place, and Ctrl-C ends it and restores the cursor."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    command = [*WATCH, "--endpoint", predictor.url, "--interval", "0.1"]
    shown = bytearray()
    with asking(predictor, photo):
        process = subprocess.Popen(
            command, stdin=follower, stdout=follower, stderr=follower,
            start_new_session=True, env=os.environ | {"TERM": "xterm"},
        )  # fmt: skip
        reader = threading.Thread(target=read_all, args=(leader, shown), daemon=True)
        reader.start()
        try:
            wait_for(lambda: shown.count(b"latency") > 3, "several pictures")
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 130
        finally:
            process.kill()
            process.wait()
            os.close(follower)
            reader.join(PATIENCE)
            os.close(leader)
    assert b"\x1b[1A" in shown  # up a line
    assert shown.rstrip().endswith(b"Interrupted.")
    assert shown.rindex(b"\x1b[?25h") > shown.rindex(b"\x1b[?25l")


def read_all(terminal: int, shown: bytearray) -> None:
    try:
        while part := os.read(terminal, 1 << 16):
            shown.extend(part)
    except OSError:  # nobody has the other side open any more
        pass
