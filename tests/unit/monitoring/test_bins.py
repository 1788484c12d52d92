"""The bins of a measure."""

import numpy as np
import pytest
from numpy.typing import NDArray

from viewfinder_components.monitoring.bins import sort_classes, sort_values

SETS = {
    "continuous": np.random.default_rng(0).normal(100, 30, 1000),
    "few": np.random.default_rng(1).exponential(1, 50),
    "two": np.array([1.0, 2.0]),
    "one": np.array([3.0]),
    "constant": np.full(200, 95.0),
    "qualities": np.random.default_rng(2).choice([75.0, 90, 92, 95], 400, p=[0.05, 0.5, 0.05, 0.4]),
    "with zeros": np.where(
        np.arange(300) % 3 == 0, 0, np.random.default_rng(3).integers(50, 100, 300)
    ).astype(np.float64),
    "sizes": np.repeat([640 * 480.0, 12e6, 48e6], [3, 500, 200]),
    "confident": np.minimum(np.random.default_rng(4).normal(1, 0.1, 500), 1),
}


@pytest.mark.parametrize("values", SETS.values(), ids=SETS)
def test_every_value_has_one_bin_and_the_counts_are_the_values_there(
    values: NDArray[np.float64],
) -> None:
    measure = sort_values("brightness", values)
    assert len(measure.counts) == len(measure.edges) + 1 <= 21
    assert list(measure.edges) == sorted(set(measure.edges))
    assert sum(measure.counts) == len(values)
    found = np.bincount(measure.place(values), minlength=len(measure.counts))
    assert found.tolist() == list(measure.counts)
    inner = [-np.inf, *measure.edges, np.inf]
    for value, place in zip(values, measure.place(values), strict=True):
        assert inner[place] <= value < inner[place + 1]


@pytest.mark.parametrize("photos", [50, 73, 100, 997, 1000])
def test_continuous_values_fill_the_bins_equally(photos: int) -> None:
    values = np.random.default_rng(photos).normal(size=photos)
    counts = sort_values("contrast", values).counts
    assert len(counts) == min(10, photos // 10)
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize("value", [0.0, 1.0, 95.0, 12e6, 4 / 3])
def test_a_constant_has_a_narrow_bin_so_that_another_value_is_noticed(value: float) -> None:
    measure = sort_values("pixels", np.full(100, value))
    assert measure.counts == (0, 100, 0)
    assert measure.place(value + np.array([-1, 0, 1e-6, 1]) * 0.01 * max(value, 1)).tolist() == [
        *(0, 1, 1, 2)
    ]


def test_a_new_quality_between_two_common_ones_has_a_bin_of_its_own() -> None:
    measure = sort_values("jpeg_quality", np.repeat([75.0, 95.0], 100))
    places = measure.place(np.array([10.0, 75, 85, 95, 100])).tolist()
    assert places == [0, 1, 2, 3, 4]
    assert measure.counts == (0, 100, 0, 100, 0)


def test_what_is_not_a_number_has_the_last_bin() -> None:
    measure = sort_values("warmth", SETS["continuous"])
    assert measure.place(np.array([np.nan, np.inf, -np.inf])).tolist() == [9, 9, 0]


def test_each_class_has_a_bin_in_the_order_of_the_labels() -> None:
    measure = sort_classes(["bee", "wasp", "fly"], np.array([2, 0, 2]))
    assert (measure.bins, measure.counts) == (("bee", "wasp", "fly"), (1, 0, 2))
    assert measure.place(np.arange(3)).tolist() == [0, 1, 2]


def test_the_rarest_of_many_classes_share_the_last_bin() -> None:
    labels = [f"c{place}" for place in range(30)]
    predicted = np.repeat(np.arange(30), np.arange(30))
    measure = sort_classes(labels, predicted)
    assert measure.bins == (*labels[11:], "")
    assert measure.counts == (*range(11, 30), sum(range(11)))
    assert measure.place(np.array([0, 19, 99])).tolist() == [0, 19, 19]


def test_twenty_classes_have_a_bin_each() -> None:
    labels = [f"c{place}" for place in range(20)]
    assert sort_classes(labels, np.arange(20)).bins == tuple(labels)
