"""The receiver's threads, which nothing may end but the receiver's end."""

import logging

import pytest
from tests.fixtures.waiting import wait_for
from tests.unit.pipelines.retraining.conftest import Bench

from viewfinder_pipelines.retraining.serve import Work


def test_a_thread_that_fails_unexpectedly_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    receiver, attempts = bench.restart(), []

    def fail() -> float:
        attempts.append(len(attempts))
        raise RuntimeError("what nobody expected")

    monkeypatch.setattr(receiver, "work", fail)
    work = Work(receiver, [])
    with caplog.at_level(logging.ERROR), work:
        wait_for(lambda: attempts, "the first attempt")
        receiver.decided.set()
        wait_for(lambda: "what nobody expected" in caplog.text, "a line in the log")
        assert work.is_alive()
        wait_for(lambda: receiver.decided.set() or len(attempts) > 1, "the next attempt")
