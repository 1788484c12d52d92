"""The statistic of a window of photos."""

import numpy as np
import pytest

from viewfinder_components.formats.drift_reference import DriftReference, Measure
from viewfinder_components.monitoring.statistic import compare_counts

MEASURE = Measure("brightness", (100,), (40, 60), 10.0)
REFERENCE = DriftReference(100, 0.001, 100, 1000, (MEASURE,), {})


def test_it_is_that_of_the_module() -> None:
    shift = compare_counts(MEASURE, np.array([150.0, 50]), REFERENCE)
    expected = np.array([40.5, 60.5]) / 101
    distance = ((np.array([0.75, 0.25]) - expected) ** 2 / expected).sum()
    assert shift.statistic == pytest.approx(200 * 100 / 300 * distance)
    assert shift.moved == pytest.approx(0.75 - expected[0])
    assert (shift.photos, shift.has_drifted) == (200, True)


def test_the_same_shares_are_no_drift() -> None:
    shift = compare_counts(MEASURE, 5 * np.array([40.5, 60.5]), REFERENCE)
    assert shift.statistic == pytest.approx(0)
    assert not shift.has_drifted


@pytest.mark.parametrize(("photos", "has_drifted"), [(0, False), (99, False), (100, True)])
def test_nothing_is_concluded_from_too_few_photos(photos: int, has_drifted: bool) -> None:
    assert compare_counts(MEASURE, np.array([photos, 0.0]), REFERENCE).has_drifted is has_drifted


def test_more_photos_than_the_most_count_as_the_most() -> None:
    shifts = [
        compare_counts(MEASURE, scale * np.array([45.0, 55]), REFERENCE) for scale in (10, 99)
    ]
    assert shifts[0].statistic == pytest.approx(shifts[1].statistic)


def test_rates_of_prometheus_need_not_be_whole_numbers() -> None:
    shift = compare_counts(MEASURE, np.array([99.6, 20.1]), REFERENCE)
    assert shift.photos == 120
