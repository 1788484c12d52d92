"""How long the rest of a comparison takes, with a driven clock."""

import pytest

from viewfinder_comparison.measurement.forecast import Forecast, describe_rest
from viewfinder_comparison.measurement.settings import Procedure


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_the_rest_follows_what_was_measured() -> None:
    clock = Clock()
    forecast = Forecast(Procedure(), 4, clock)
    guess = forecast.seconds()
    assert guess > 4 * 10 * Procedure().seconds, "before anything was measured"
    forecast.begin()
    clock.seconds += 30
    forecast.end()
    assert forecast.seconds() == 3 * 30
    clock.seconds += 10
    assert forecast.seconds() == 20 + 2 * 30, "10 s of the next one are over"
    clock.seconds += 50
    assert forecast.seconds() == 2 * 30, "a slower one does not make the rest negative"
    forecast.drop(2)
    assert forecast.seconds() == 30, "one server was given up"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3000, "about 50 minutes left"),
        (61, "about 1 minute left"),
        (20, "less than a minute left"),
    ],
)
def test_words(seconds: float, text: str) -> None:
    assert describe_rest(seconds) == text
