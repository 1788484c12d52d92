"""Arrivals, percentiles, lines of code, cores: what can be computed by hand."""

import numpy as np
import pytest

from viewfinder_comparison.load.arrivals import schedule
from viewfinder_comparison.load.percentiles import summarize_latency
from viewfinder_comparison.load.samples import Outcome, Sample, Samples
from viewfinder_comparison.pinning import divide_cores
from viewfinder_comparison.servers.user_code import count_lines


def test_constant_arrivals() -> None:
    assert schedule(4, 2, "constant", 0).tolist() == [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75]


def test_poisson_arrivals() -> None:
    """The gaps of a Poisson process have the standard deviation of their mean."""
    due = schedule(1000, 100, "poisson", 1)
    assert len(due) == pytest.approx(100_000, rel=0.02)
    gaps = np.diff(due)
    assert (gaps >= 0).all()
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.03)
    assert due.max() < 100
    assert schedule(1000, 100, "poisson", 1).tolist() == due.tolist()
    assert schedule(1000, 100, "poisson", 2).tolist() != due.tolist()


def test_a_low_rate_still_has_a_request() -> None:
    assert len(schedule(0.001, 1, "poisson", 0)) == 1
    assert len(schedule(0.001, 1, "constant", 0)) == 1


def test_percentiles_are_samples() -> None:
    latency = summarize_latency(np.arange(1, 1001) / 1e3)
    assert latency
    assert (latency.p50, latency.p95, latency.p99, latency.p99_9) == (500, 950, 990, 999)
    few = summarize_latency(np.array([0.001, 0.002]))
    assert few
    assert (few.p50, few.p99_9) == (1, 2)
    assert summarize_latency(np.array([])) is None


def test_throughput_counts_until_the_last_answer() -> None:
    samples = Samples.of(
        [
            Sample(0.0, 0.0, 0.1, Outcome.ANSWERED),
            Sample(0.5, 0.6, 1.5, Outcome.ANSWERED),
            Sample(0.4, 0.4, 5.0, Outcome.UNANSWERED),
        ],
        0.0,
    )
    assert samples.answers_per_second(1.0) == 1.0, "two answers, the last after 2 s"
    assert samples.share_within(0.2) == pytest.approx(1 / 3), "of all requests, not of the answers"
    assert samples.due.tolist() == [0.0, 0.4, 0.5]


CODE = '''"""A docstring
of two lines."""

import os  # a comment behind code

# a comment


def run():
    """Another."""
    text = """no docstring
    but a string"""
    return text
'''


def test_lines_of_code() -> None:
    assert count_lines("app.py", CODE) == 5
    assert count_lines("settings.json", '{\n\n  "a": 1\n}\n') == 3


@pytest.mark.parametrize(
    ("cores", "servers", "clients"),
    [
        ([0], (0,), (0,)),
        ([3, 1], (1, 3), (1, 3)),
        ([0, 1, 2, 3], (0, 1, 2), (3,)),
        (list(range(16)), tuple(range(12)), (12, 13, 14, 15)),
    ],
)
def test_cores(cores: list[int], servers: tuple[int, ...], clients: tuple[int, ...]) -> None:
    divided = divide_cores(cores)
    assert (divided.servers, divided.clients) == (servers, clients)
    assert divided.are_shared == (len(cores) <= 2)
