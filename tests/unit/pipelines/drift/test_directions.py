"""Where a distribution has moved, in words."""

import numpy as np
import pytest

from viewfinder_components.formats.drift_reference import ANSWER_MEASURES, PHOTO_MEASURES
from viewfinder_components.monitoring.measure_words import describe_bin, find_words
from viewfinder_pipelines.drift.directions import (
    describe_agreement,
    describe_bins,
    describe_change,
    find_direction,
    find_median,
)
from viewfinder_pipelines.drift.measure_metrics import CountedMeasure

EXPECTED = np.array([0.1, 0.2, 0.4, 0.2, 0.1])


def make(name: str, edges: tuple[float, ...], *classes: str) -> CountedMeasure:
    expected = EXPECTED[: len(classes)] / EXPECTED[: len(classes)].sum() if classes else EXPECTED
    return CountedMeasure(name, "", edges, classes, expected, 20.0, np.zeros(len(expected)))


BRIGHTNESS = make("brightness", (50.0, 100.0, 150.0, 200.0))


@pytest.mark.parametrize(
    ("present", "direction"),
    [
        ([0.1, 0.2, 0.4, 0.2, 0.1], 0),
        ([0.4, 0.4, 0.2, 0.0, 0.0], -1),
        ([0.0, 0.0, 0.2, 0.4, 0.4], 1),
        ([0.3, 0.2, 0.0, 0.2, 0.3], 0),
        ([0.1, 0.2, 0.3, 0.2, 0.2], 1),
    ],
)
def test_the_direction(present: list[float], direction: int) -> None:
    assert find_direction(EXPECTED, np.array(present)) == direction


def test_the_median_is_where_half_of_the_photos_are_reached() -> None:
    assert find_median(EXPECTED) == 2
    assert find_median(np.array([0.5, 0.5])) == 0
    assert find_median(np.array([0.49, 0.51])) == 1
    assert find_median(np.array([0.0, 1.0])) == 1


@pytest.mark.parametrize(
    ("present", "sentence", "cause"),
    [
        ([0.4, 0.4, 0.2, 0.0, 0.0], "darker, median 50 to 100 instead of 100 to 150", "night"),
        ([0.0, 0.0, 0.2, 0.3, 0.5], "brighter, median 150 to 200 instead of 100 to 150", "flash"),
        (
            [0.1, 0.2, 0.3, 0.2, 0.2],
            "brighter; the median is still 100 to 150, but 20% instead of 10% are 200 or more",
            "flash",
        ),
        (
            [0.3, 0.2, 0.0, 0.2, 0.3],
            "other values, neither higher nor lower: 30% instead of 10% are below 50, 0% instead "
            "of 40% are 100 to 150",
            "",
        ),
    ],
)
def test_the_change_in_words(present: list[float], sentence: str, cause: str) -> None:
    found, causes = describe_change(BRIGHTNESS, np.array(present))
    assert found == sentence
    assert cause in causes


def test_classes_are_told_by_how_much_they_changed() -> None:
    measure = make("predicted", (), "apple", "\x1b[31mpear", "")
    present = np.array([0.6, 0.4, 0.0])
    assert describe_change(measure, present)[0] == (
        "other classes 0% instead of 57%, apple 60% instead of 14%, "
        r"\x1b[31mpear 40% instead of 29%"
    )
    assert describe_agreement(measure, present)[0] == "as expected, most are apple"


def test_bins_in_words() -> None:
    assert describe_bins(BRIGHTNESS) == (
        "below 50", "50 to 100", "100 to 150", "150 to 200", "200 or more",
    )  # fmt: skip
    assert describe_bin("pixels", (50_000.0, 12e6), 1) == "50,000 px to 12 MP"
    assert describe_bin("confidence", (0.5, 0.975), 1) == "50% to 97.5%"
    assert describe_bin("confidence", (0.5, 0.9998), 2) == "99.98% or more"
    assert describe_bin("confidence", (0.5, 0.999999), 2) == "99.99% or more"
    assert describe_bin("jpeg_quality", (0.5, 80.0), 0) == "no JPEG"
    assert describe_bin("jpeg_quality", (-0.0001, 0.0001, 75.0), 1) == "no JPEG"
    assert describe_bin("aspect", (0.9999, 1.0001), 2) == "more than 1"
    assert describe_bin("aspect", (1.3332, 1.3335), 1) == "1.33"
    assert describe_bin("confidence", (0.9999, 1.0001), 1) == "100%"
    assert describe_bin("pixels", (121091.9, 121116.1), 1) == "0.121 MP"
    assert describe_bin("unheard of", (1.0,), 0) == "below 1"


def test_every_measure_has_words() -> None:
    for name in PHOTO_MEASURES + ANSWER_MEASURES:
        words = find_words(name)
        assert words.fall_causes
        assert words.rise_causes
        assert "unknown" not in words.what
        if name != "predicted":
            assert words.fallen != words.risen != "higher"
