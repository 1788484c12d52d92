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

import pytest
from tests.fixtures.waiting import PATIENCE, wait_for

import viewfinder

WATCH = (sys.executable, "-c", "from viewfinder.cli.main import main; main()", "watch")
COLUMNS = 50


def test_the_figures_are_those_of_the_requests(predictor, photo):
    began = time.monotonic()
    found = viewfinder.watch("colour", endpoint=predictor.url, interval=0.1, window=3600)
    assert next(found).classes == {}
    for _ in range(3):
        assert predictor.predict(photo("red"), photo("blue")).status_code == 200
    assert predictor.predict(b"text").status_code == 400
    figures = next(found)
    seconds = time.monotonic() - began
    found.close()
    one = figures.requests_per_second / 4
    assert 1 / seconds < one < 1 / 0.1
    moved = {name: rate for name, rate in figures.outcomes.items() if rate}
    assert moved == pytest.approx({"answered": 3 * one, "refused": one})
    assert figures.photos_per_second == pytest.approx(6 * one)
    assert figures.refused_photos["not_a_photo"] == pytest.approx(one)
    assert figures.classes == pytest.approx({"red": 0.5, "blue": 0.5})
    assert 0.9 < figures.confidence <= 1
    assert 0 < figures.p50_seconds <= figures.p95_seconds <= figures.p99_seconds <= 10
    for name in ("busy_share", "queue_seconds", "decode_seconds", "inference_seconds"):
        assert 0 < getattr(figures, name) < seconds, name
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


def test_a_page_is_written_at_the_end(predictor, tmp_path):
    options = ("--endpoint", predictor.url, "--interval", "0.1", "--count", "3")
    page = tmp_path / "page.html"
    command = [*WATCH, *options, "--output", str(page)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout.endswith(f"wrote {page}\n")
    assert "3 readings" in page.read_text()


def test_a_picture_on_a_terminal(predictor):
    """It is drawn in the same place, and Ctrl-C ends it and restores the cursor."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    command = [*WATCH, "--endpoint", predictor.url, "--interval", "0.1"]
    shown = bytearray()
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
