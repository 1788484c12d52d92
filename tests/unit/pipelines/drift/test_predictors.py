"""Predictors that come, go and are started anew while their photos are counted."""

from datetime import timedelta

import numpy as np
import pytest
from tests.fixtures.drift_metrics import count_photos, make_reference, write_metrics

from viewfinder_components.errors import TransientError
from viewfinder_pipelines.drift.predictors import judge_predictors
from viewfinder_pipelines.watching.reading import Reading
from viewfinder_pipelines.watching.samples import read_samples

REFERENCE = make_reference()
EMPTY = count_photos(REFERENCE, 0)
SHORT = timedelta(milliseconds=10)
DOWN = "no server listening there"


class Played:
    """Predictors that answer one thing at first, and another after that.

    Args:
        first: Photos counted and the start of the process, by address; None if it does not answer.
        then: The same, at every later reading.
    """

    def __init__(
        self, first: dict[str, tuple[int, int] | None], then: dict[str, tuple[int, int] | None]
    ) -> None:
        self._readings = [first, then]

    def read(self) -> dict[str, Reading]:
        now = self._readings.pop(0) if len(self._readings) > 1 else self._readings[0]
        return {address: play(said) for address, said in now.items()}


def play(said: tuple[int, int] | None) -> Reading:
    if said is None:
        return Reading.of_problem(DOWN)
    photos, started = said
    counts = {name: photos * (np.arange(len(one)) == 1) for name, one in EMPTY.items()}
    page = write_metrics(REFERENCE, counts)
    return Reading.of_samples(read_samples(f"{page}process_start_time_seconds {started}\n"))


@pytest.mark.parametrize(
    ("first", "then", "photos"),
    [
        ({"a": (100, 1)}, {"a": (150, 1)}, 50),
        ({"a": (100, 1)}, {"a": (30, 2)}, 30),  # started anew
        ({"a": (100, 1)}, {"a": (100, 1), "b": (40, 2)}, 40),  # a pod more
        ({"a": (100, 1), "b": None}, {"a": (110, 1), "b": (900, 1)}, 10),  # b was there before
        ({"a": (100, 1)}, {"a": (100, 1)}, 0),
    ],
)
def test_photos_from_now_on(
    first: dict[str, tuple[int, int] | None],
    then: dict[str, tuple[int, int] | None],
    photos: int,
) -> None:
    found = judge_predictors(Played(first, then), None, SHORT)
    (version,) = found.versions
    assert version.photos == photos
    assert found.name == "fruit"


def test_since_their_start_the_earliest_counts() -> None:
    found = judge_predictors(Played({"a": (70, 2000), "b": (30, 1000)}, {}), "shop", None)
    assert found.versions[0].photos == 100
    assert found.name == "shop"
    assert found.start is not None
    assert found.start.timestamp() == 1000


def test_nobody_has_to_wait_to_hear_that_none_answers() -> None:
    with pytest.raises(TransientError, match=f"received a: {DOWN}"):
        judge_predictors(Played({"a": None}, {}), None, timedelta(days=1))
