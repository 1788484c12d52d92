"""Quantiles of buckets, beside Prometheus' own expectations and samples that are known."""

import math

import numpy as np
import pytest

from viewfinder_pipelines.watching.quantiles import histogram_quantile

# `testhistogram` with start="positive" in Prometheus' promql/promqltest/testdata/histograms.test,
# after one step of its counters.
PROMETHEUS = {0.1: 5.0, 0.2: 7.0, 1.0: 11.0, math.inf: 12.0}


@pytest.mark.parametrize(
    ("share", "expected"), [(0, 0.0), (0.2, 0.048), (0.5, 0.15), (0.8, 0.72), (1, 1.0)]
)
def test_the_quantiles_that_prometheus_expects(share: float, expected: float) -> None:
    assert histogram_quantile(share, PROMETHEUS) == pytest.approx(expected)
    rates = {bound: count / 300 for bound, count in PROMETHEUS.items()}
    assert histogram_quantile(share, rates) == pytest.approx(expected)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95, 0.99])
def test_a_quantile_of_samples_lies_in_its_bucket(share: float) -> None:
    samples = np.random.default_rng(7).exponential(0.05, 5_000)
    bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0]
    buckets = {bound: float((samples <= bound).sum()) for bound in [*bounds, math.inf]}
    exact = float(np.quantile(samples, share))
    above = np.searchsorted(bounds, exact)
    estimate = histogram_quantile(share, buckets)
    assert estimate is not None
    assert ([0.0, *bounds])[above] <= estimate <= bounds[above]


@pytest.mark.parametrize(
    "buckets", [{}, {math.inf: 3.0}, {0.1: 1.0, 0.2: 2.0}, {0.1: 0.0, math.inf: 0.0}]
)
def test_there_may_be_no_quantile(buckets: dict[float, float]) -> None:
    assert histogram_quantile(0.5, buckets) is None


def test_empty_buckets_are_passed_over() -> None:
    assert histogram_quantile(0.5, {1.0: 0.0, 2.0: 0.0, 3.0: 4.0, math.inf: 4.0}) == 2.5
    assert histogram_quantile(0.0, {1.0: 0.0, 2.0: 4.0, math.inf: 4.0}) == 0.0


def test_counts_that_fall_make_no_negative_bucket() -> None:
    """As in Prometheus, a bucket has at least what the one before it has."""
    assert histogram_quantile(0.9, {1.0: 4.0, 2.0: 3.0, 3.0: 5.0, math.inf: 5.0}) == 2.5
