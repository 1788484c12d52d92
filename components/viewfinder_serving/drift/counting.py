"""Sort photos and answers into the bins of a reference."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.formats.drift_reference import PREDICTED, Measure
from viewfinder_components.inference import Answers
from viewfinder_components.monitoring.files import FILE_MEASURES, is_shrunk, measure_file
from viewfinder_components.monitoring.pixels import PIXEL_MEASURES, measure_pixels
from viewfinder_components.photos.decode import Photo
from viewfinder_serving import metrics
from viewfinder_serving.drift.allowance import Allowance
from viewfinder_serving.drift.baseline import NOVELTY, Baseline

PHOTOS_PER_SECOND = 10.0
"""How many photos are measured for long at most. Measuring takes up to half a millisecond, an int8
model five; and a window of more than a thousand photos is judged as one of a thousand anyway."""
_MOST_AT_ONCE = 1_000.0


class DriftCounts:
    """Counts photos by the bins of the reference's measures. Thread-safe.

    Beyond 1,000 photos at once and 10 a second, it counts a sample, chosen by the clock alone.

    Every bin has a counter from the beginning, of 0: Prometheus sees no increase from nothing to 1.

    Args:
        baseline: What the photos are compared with.
        version: The served version.
        labels: The classes, in the order of the model's outputs.
    """

    def __init__(self, baseline: Baseline, version: str, labels: Sequence[str]) -> None:
        self._bins = {
            measure.name: (
                measure.edges,
                [
                    metrics.DRIFT_PHOTOS.labels(
                        measure.name, str(place), baseline.label(measure), version
                    )
                    for place in range(len(measure.counts))
                ],
            )
            for measure in baseline.measures
        }
        classes = next((one.bins for one in baseline.measures if one.name == PREDICTED), ())
        self._novelty = baseline.novelty
        self._allowance = Allowance(PHOTOS_PER_SECOND, _MOST_AT_ONCE)
        self._places = _place_labels(classes, labels)
        _describe(baseline, version)

    def choose(self) -> bool:
        """Return whether the next photo is to be measured."""
        return self._allowance.take()

    def measure(
        self, data: bytes, photo: Photo, pixels: NDArray[np.uint8], answers: Answers
    ) -> dict[str, float]:
        """Measure one photo and its answer.

        Args:
            data: The file.
            photo: What was decoded.
            pixels: Its pixels, uint8 `[size, size, 3]`.
            answers: What the model says about this photo alone, with features if it has any.

        Returns:
            The values by the measures' names.
        """
        values = dict(zip(PIXEL_MEASURES, measure_pixels(pixels).tolist(), strict=True))
        if not is_shrunk(photo.width, photo.height, len(pixels)):
            found = measure_file(data, photo.width, photo.height).tolist()
            values |= zip(FILE_MEASURES, found, strict=True)
        (row,) = answers.outputs
        values["confidence"] = float(row.max())
        values[PREDICTED] = self._places[int(row.argmax())]
        if self._novelty and answers.features is not None:
            values[NOVELTY] = float(self._novelty.distances(answers.features)[0])
        return values

    def count(self, photos: Iterable[Mapping[str, float]]) -> None:
        """Count answered photos.

        Args:
            photos: What `measure` returned for each.
        """
        for values in photos:
            for name, value in values.items():
                if found := self._bins.get(name):
                    edges, counters = found
                    # As `Measure.place` does, in a tenth of its time.
                    counters[bisect_right(edges, value)].inc()


def _place_labels(classes: Sequence[str], labels: Sequence[str]) -> list[float]:
    """Return the bin of each label: the last one for those that have none of their own."""
    places = {name: float(place) for place, name in enumerate(classes)}
    return [places.get(label, max(0.0, len(classes) - 1.0)) for label in labels]


def _describe(baseline: Baseline, version: str) -> None:
    """Set the gauges of the reference."""
    reference = baseline.reference
    metrics.DRIFT_REFERENCE_PHOTOS.labels(version).set(reference.photos)
    metrics.DRIFT_LEAST_PHOTOS.labels(version).set(reference.least_photos)
    metrics.DRIFT_MOST_PHOTOS.labels(version).set(reference.most_photos)
    for measure in baseline.measures:
        precision = baseline.label(measure)
        metrics.DRIFT_LIMIT.labels(measure.name, precision, version).set(measure.limit)
        above = zip(_name_bins(measure), measure.shares.tolist(), strict=True)
        for place, (name, share) in enumerate(above):
            metrics.DRIFT_REFERENCE_SHARE.labels(
                measure.name, str(place), name, precision, version
            ).set(share)


def _name_bins(measure: Measure) -> list[str]:
    """Return what a bin has above its lower edge: for `predicted`, a class."""
    if measure.name == PREDICTED:
        return list(measure.bins)
    return ["", *(f"{edge:g}" for edge in measure.edges)]
