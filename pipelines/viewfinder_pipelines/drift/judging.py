"""Compare what was counted with what was expected."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.monitoring.measure_words import find_words
from viewfinder_components.monitoring.statistic import compute_statistic
from viewfinder_components.printable import make_printable
from viewfinder_pipelines.drift.counted import CountedVersion
from viewfinder_pipelines.drift.directions import (
    describe_agreement,
    describe_bins,
    describe_change,
)
from viewfinder_pipelines.drift.findings import DriftPoint, MeasureDrift, VersionDrift
from viewfinder_pipelines.drift.measure_metrics import CountedMeasure

Counts = NDArray[np.float64]
Key = tuple[str, str, str]
"""A version, a measure and a precision."""
History = Mapping[Key, Sequence[tuple[datetime, Counts]]]
"""Photos in each bin of each measure, at the end of each stretch of time."""


def judge_version(version: CountedVersion, history: History) -> VersionDrift:
    """Return what a version's photos say, with the measure farthest beyond its limit first.

    Args:
        version: What its predictors have counted.
        history: How that came about; empty if it is not known.
    """
    judged = [
        _judge_measure(version, measure, history.get(find_key(version, measure), ()))
        for measure in version.measures
    ]
    return VersionDrift(
        version.version,
        max((one.photos for one in judged), default=0),
        round(version.reference_photos),
        round(version.least_photos),
        round(version.most_photos),
        tuple(sorted(judged, key=lambda one: (not one.has_drifted, -one.times_limit, one.name))),
        version.problems,
    )


def find_key(version: CountedVersion, measure: CountedMeasure) -> Key:
    """Return where the history has a measure."""
    return version.version, measure.name, measure.precision


def _judge_measure(
    version: CountedVersion, measure: CountedMeasure, history: Sequence[tuple[datetime, Counts]]
) -> MeasureDrift:
    photos = float(measure.counts.sum())
    statistic, moved = _compute(version, measure, measure.counts)
    present = measure.counts / photos if photos else np.zeros_like(measure.counts)
    sentence, causes = "no photos", ""
    if photos:
        is_beyond = statistic > measure.limit  # smaller differences come by chance
        sentence, causes = (describe_change if is_beyond else describe_agreement)(measure, present)
    return MeasureDrift(
        measure.name,
        measure.precision,
        _write_title(version, measure),
        round(photos),
        statistic,
        measure.limit,
        moved,
        photos >= version.least_photos and statistic > measure.limit,
        sentence,
        causes,
        describe_bins(measure),
        measure.edges,
        tuple(measure.expected.tolist()),
        tuple(present.tolist()),
        tuple(_judge_point(version, measure, time, counts) for time, counts in history),
    )


def _write_title(version: CountedVersion, measure: CountedMeasure) -> str:
    """Return what a measure is called, with its precision where there are several."""
    title = find_words(measure.name).title
    alike = [one for one in version.measures if one.name == measure.name]
    return title if len(alike) == 1 else f"{title} ({make_printable(measure.precision)})"


def _judge_point(
    version: CountedVersion, measure: CountedMeasure, time: datetime, counts: Counts
) -> DriftPoint:
    statistic, _ = _compute(version, measure, counts)
    is_enough = float(counts.sum()) >= version.least_photos
    return DriftPoint(time, statistic, statistic > measure.limit if is_enough else None)


def _compute(
    version: CountedVersion, measure: CountedMeasure, counts: Counts
) -> tuple[float, float]:
    return compute_statistic(
        counts, measure.expected, version.reference_photos, version.most_photos
    )
