"""The limits of the measures, and the false alarms that they leave."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from viewfinder_components.formats.drift_reference import DriftReference, Measure
from viewfinder_components.monitoring.bins import sort_classes, sort_values
from viewfinder_components.monitoring.limits import set_limits
from viewfinder_components.monitoring.reference import MeasuredAnswers, make_reference
from viewfinder_components.monitoring.statistic import compare_counts

RATE, PHOTOS = 0.05, 80


def reference_of(measure: Measure) -> DriftReference:
    return DriftReference(sum(measure.counts), RATE, 100, 1000, (measure,), {})


@pytest.mark.parametrize("kind", ["continuous", "discrete", "rare", "classes"])
def test_windows_of_the_same_photos_exceed_the_limit_as_often_as_stated(kind: str) -> None:
    """Over references and windows, both drawn anew.

    With 300 references, whose windows are alike, the share of alarms has a standard error of at
    most the square root of .05 / 300, .013.
    """
    random = np.random.default_rng(0)
    draw = {
        "continuous": lambda n: random.normal(size=n),
        "discrete": lambda n: random.choice([75.0, 90, 95], n, p=[0.3, 0.6, 0.1]),
        "rare": lambda n: random.choice([0.0, 95], n, p=[0.01, 0.99]),
        "classes": lambda n: random.choice(2, n, p=[0.4, 0.6]),
    }[kind]
    sort = partial(sort_classes, "ab") if kind == "classes" else partial(sort_values, "tint")
    bare = [sort(draw(PHOTOS)) for _ in range(300)]
    alarms = 0
    for measure in set_limits(bare, RATE, PHOTOS, (100, 300, 1000)):
        for size in (100, 300, 600, 1000, 3000):
            counts = np.bincount(measure.place(draw(size)), minlength=len(measure.counts))
            shift = compare_counts(measure, counts.astype(float), reference_of(measure))
            alarms += shift.has_drifted
    assert alarms / 1500 < RATE + 2.5 * 0.013


def test_a_window_of_other_photos_exceeds_the_limit() -> None:
    random = np.random.default_rng(0)
    (measure,) = set_limits(
        [sort_values("brightness", random.normal(size=500))], 1e-4, 500, (100, 300, 1000)
    )
    places = measure.place(random.normal(1, 1, size=100))
    shift = compare_counts(
        measure, np.bincount(places, minlength=10).astype(float), reference_of(measure)
    )
    assert shift.has_drifted
    assert shift.moved > 0.2


def test_a_smaller_rate_has_a_higher_limit_and_equal_counts_have_equal_limits() -> None:
    bare = sort_values("brightness", np.random.default_rng(0).normal(size=300))
    limits = [
        set_limits([bare, replace(bare, name="contrast")], rate, 300, (100, 1000))
        for rate in (0.1, 0.01, 1e-3, 1e-4, 1e-5)
    ]
    assert all(first.limit == second.limit for first, second in limits)
    assert [first.limit for first, _ in limits] == sorted({first.limit for first, _ in limits})


def test_the_reference_has_all_measures_and_is_the_same_each_time() -> None:
    first, again = (make_example() for _ in range(2))
    assert first == again
    assert [measure.name for measure in first.of("f32")] == [
        *("brightness", "contrast", "sharpness", "saturation", "warmth", "tint"),
        *("pixels", "aspect", "jpeg_quality", "confidence", "novelty", "predicted"),
    ]
    assert first.of("bf16") == first.of("f32")
    assert [measure.name for measure in first.answers["int8"]] == ["confidence", "predicted"]
    assert all(0 < measure.limit < 1e4 for measure in first.of("f32"))


def test_a_measure_that_is_known_of_too_few_photos_is_left_out() -> None:
    names = [measure.name for measure in make_example(known=49).measures]
    assert "brightness" in names
    assert not {"pixels", "aspect", "jpeg_quality"} & set(names)
    assert sum(make_example(known=50).measures[-1].counts) == 50


def make_example(known: int = 200) -> DriftReference:
    random = np.random.default_rng(0)
    files = random.normal(size=(200, 3))
    files[known:] = np.nan
    confidence, predicted = random.uniform(size=200), random.integers(0, 2, 200)
    answers = {
        "f32": MeasuredAnswers(confidence, predicted, random.exponential(size=200)),
        "int8": MeasuredAnswers(confidence, predicted, None),
    }
    return make_reference(["bee", "wasp"], random.normal(size=(200, 6)), files, answers, 0.5)
