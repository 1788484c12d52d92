"""The comparison of a predictor's answers with the evaluation's."""

import httpx
import pytest

from viewfinder_components.formats.samples import Sample
from viewfinder_components.parity import Parity, compare_photos

TOLERANCE = 0.02


def answer(*probabilities: float, label: int | None = None) -> httpx.Response:
    """Return what a predictor of three classes answers for a photo; its label is the best one."""
    names = ["ant", "bee", "cat"]
    place = probabilities.index(max(probabilities)) if label is None else label
    prediction = {"label": names[place], "labels": names, "probabilities": probabilities}
    return httpx.Response(200, json={"predictions": [prediction]})


def compare(stored: tuple[float, ...], served: httpx.Response) -> Parity:
    return compare_photos(lambda body: served, [Sample("photo.jpg", b"", "ant", stored)], TOLERANCE)


@pytest.mark.parametrize("lead", [0.001, 0.019, 0.021, 0.039, 0.1])
def test_probabilities_within_the_tolerance_never_count_as_another_label(lead: float) -> None:
    """The best class falls by nearly the tolerance, and the next rises by it."""
    parity = compare((0.4 + lead, 0.4, 0.2 - lead), answer(0.3801 + lead, 0.4199, 0.2 - lead))
    assert parity.max_difference < TOLERANCE
    assert parity.other_labels == ()


def test_a_label_of_another_class_counts_although_the_probabilities_are_the_same() -> None:
    parity = compare((0.5, 0.3, 0.2), answer(0.5, 0.3, 0.2, label=1))
    assert parity.max_difference == 0
    assert parity.other_labels == ("photo.jpg",)
