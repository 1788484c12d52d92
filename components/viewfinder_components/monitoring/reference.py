"""Make a version's drift reference of what was measured on the validation photos."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.formats.drift_reference import (
    ANSWER_MEASURES,
    PHOTO_MEASURES,
    DriftReference,
    Measure,
)
from viewfinder_components.formats.precision import Precision
from viewfinder_components.monitoring.bins import sort_classes, sort_values
from viewfinder_components.monitoring.files import FILE_MEASURES
from viewfinder_components.monitoring.limits import set_limits
from viewfinder_components.monitoring.pixels import PIXEL_MEASURES

LEAST_REFERENCE_PHOTOS = 50
"""With fewer, the limits would be so wide that only a complete change exceeds them."""
LEAST_PHOTOS = 100
"""Photos of a window below which nothing is concluded."""
MOST_PHOTOS = 1_000
"""Photos of a window above which it is judged as one of this many."""
_WINDOWS = (LEAST_PHOTOS, 300, MOST_PHOTOS)


@dataclass(frozen=True)
class MeasuredAnswers:
    """What a model in one precision said about n photos."""

    confidence: NDArray[np.float64]
    """float64 `[n]`: the highest probability."""
    predicted: NDArray[np.intp]
    """intp `[n]`: the place of its class."""
    novelty: NDArray[np.float64] | None
    """float64 `[n]`, as `Novelty.distances` returns it; None for a model without features."""


def make_reference(
    labels: Sequence[str],
    pixel_measures: NDArray[np.float64],
    file_measures: NDArray[np.float64],
    answers: Mapping[Precision, MeasuredAnswers],
    false_alarm_rate: float,
) -> DriftReference:
    """Choose the bins of every measure, count the photos in them, and set the limits.

    Each measure has an equal part of the false alarms, so that all of them together have at most
    the stated rate, however the measures depend on each other (Bonferroni).

    Args:
        labels: The classes.
        pixel_measures: float64 `[n, 6]`, as `measure_pixels` returns them.
        file_measures: float64 `[n, 3]`, as `measure_file` returns them; NaN where they do not
            count.
        answers: By precision.
        false_alarm_rate: Probability that at least one measure exceeds its limit in a window of
            photos like these, above 0.
    """
    measured = [
        *zip(PIXEL_MEASURES, pixel_measures.T, strict=True),
        *zip(FILE_MEASURES, file_measures.T, strict=True),
    ]
    photos = len(pixel_measures)
    rate = false_alarm_rate / len(PHOTO_MEASURES + ANSWER_MEASURES)

    def limited(measures: Iterator[Measure]) -> tuple[Measure, ...]:
        return set_limits(measures, rate, photos, _WINDOWS)

    return DriftReference(
        photos=photos,
        false_alarm_rate=false_alarm_rate,
        least_photos=LEAST_PHOTOS,
        most_photos=MOST_PHOTOS,
        measures=limited(_sort_known(measured)),
        answers={
            precision: limited(_sort_answers(labels, answer))
            for precision, answer in answers.items()
        },
    )


def _sort_known(measured: Sequence[tuple[str, NDArray[np.float64]]]) -> Iterator[Measure]:
    """Leave out what is known of too few photos, as where a client has shrunk all of them."""
    for name, values in measured:
        known = values[np.isfinite(values)]
        if len(known) >= LEAST_REFERENCE_PHOTOS:
            yield sort_values(name, known)


def _sort_answers(labels: Sequence[str], answers: MeasuredAnswers) -> Iterator[Measure]:
    yield sort_values("confidence", answers.confidence)
    if answers.novelty is not None:
        yield sort_values("novelty", answers.novelty)
    yield sort_classes(labels, answers.predicted)
