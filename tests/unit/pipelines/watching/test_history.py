"""How much counters grew: rates, restarts, several replicas."""

import pytest

from viewfinder_pipelines.watching.history import History
from viewfinder_pipelines.watching.samples import Samples, add_up, group, read_samples, total
from viewfinder_pipelines.watching.summary import summarize

REQUESTS = "viewfinder_requests_total"


def read(answered: float, busy: float | None = None, *, started: float = 1.0) -> Samples:
    samples = {
        (REQUESTS, (("outcome", "answered"),)): answered,
        ("viewfinder_container_cpu_periods_total", ()): 100 + answered,
        ("viewfinder_threads", ()): 2.0,
        ("process_start_time_seconds", ()): started,
    }
    return samples if busy is None else {**samples, (REQUESTS, (("outcome", "busy"),)): busy}


def follow(*samples: Samples, window: float = 60.0) -> Samples:
    """Return the rates after readings that are 2 s apart."""
    history = History(window)
    for number, one in enumerate(samples):
        history.add(2.0 * number, one)
    return history.rates()


def test_one_reading_gives_no_rate() -> None:
    assert follow(read(5)) == {}
    assert summarize({"a": {}}, {"a": read(5)}, {}).requests_per_second is None


def test_rates_are_of_counters_only() -> None:
    rates = follow(read(5), read(11))
    assert group(rates, REQUESTS, "outcome") == {"answered": 3.0}
    assert total(rates, "viewfinder_threads") is None


def test_a_series_that_appears_began_at_0() -> None:
    assert group(follow(read(5), read(5, busy=4)), REQUESTS, "outcome")["busy"] == 2.0


@pytest.mark.parametrize("after", [3, 8])
def test_a_process_that_was_started_anew_counts_from_0(after: float) -> None:
    """Also if it has counted more than the one before."""
    rates = follow(read(5), read(after, started=9.0))
    assert total(rates, REQUESTS) == after / 2
    growth = after - 5 if after > 5 else 100 + after  # the container's counter may go on
    assert total(rates, "viewfinder_container_cpu_periods_total") == growth / 2


def test_a_counter_that_fell_counts_from_0() -> None:
    """As in Prometheus, whose `rate` of 5, 3 and 6 after 5 has 6 = 3 + 3."""
    assert total(follow(read(5), read(3), read(6)), REQUESTS) == 6 / 4


def test_the_window_forgets() -> None:
    readings = [read(0), read(100), read(100), read(100)]
    assert total(follow(*readings), REQUESTS) == 100 / 6
    assert total(follow(*readings, window=4.0), REQUESTS) == 0
    assert total(follow(*readings, window=0.1), REQUESTS) == 0


def test_replicas_add_up_and_one_is_down() -> None:
    rates = {"a": follow(read(0), read(4)), "b": follow(read(0), read(8, busy=2))}
    figures = summarize(rates, {"a": read(4), "b": read(8, busy=2)}, {"c": "nobody listens"})
    assert figures.outcomes == {"answered": 6.0, "busy": 1.0}
    assert figures.requests_per_second == 7.0
    assert [one.requests_per_second for one in figures.replicas] == [2.0, 5.0, None]
    assert figures.replicas[2].problem == "nobody listens"


def test_histograms_add_up() -> None:
    one = {("viewfinder_request_seconds_bucket", (("le", le),)): n for le, n in _BUCKETS.items()}
    figures = summarize({"a": one, "b": one}, {}, {})
    assert figures.p50_seconds == pytest.approx(0.15)
    assert total(add_up([one, one]), "viewfinder_request_seconds_bucket") == 70


_BUCKETS = {"0.1": 5.0, "0.2": 7.0, "1.0": 11.0, "+Inf": 12.0}


def test_samples_are_read_with_escapes() -> None:
    text = 'a_total{b="x\\n\\"y\\\\"} 2.0\n# comment\nc 1\n'
    assert read_samples(text) == {("a_total", (("b", 'x\n"y\\'),)): 2.0, ("c", ()): 1.0}
