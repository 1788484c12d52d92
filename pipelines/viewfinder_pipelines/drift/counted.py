"""The metrics of drift, read: what the predictors of each version expect, and have counted."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from viewfinder_components.errors import PermanentError
from viewfinder_components.printable import make_printable
from viewfinder_pipelines.drift.measure_metrics import (
    LIMIT,
    MOST_COUNTED,
    PHOTOS,
    SHARE,
    CountedMeasure,
    Sample,
    read_measure,
)
from viewfinder_pipelines.watching.samples import Samples, rank_version

REFERENCE_PHOTOS = "viewfinder_drift_reference_photos"
LEAST_PHOTOS = "viewfinder_drift_least_photos"
MOST_PHOTOS = "viewfinder_drift_most_photos"
MODEL = "viewfinder_model_info"
GAUGES = (SHARE, LIMIT, REFERENCE_PHOTOS, LEAST_PHOTOS, MOST_PHOTOS, MODEL)
"""What every replica of a version says alike."""


@dataclass(frozen=True)
class CountedVersion:
    """What the predictors of a version have counted.

    Attributes:
        version: Its number.
        reference_photos: Photos of the reference; 0 without one.
        least_photos: Photos below which nothing is concluded.
        most_photos: More photos are judged as this many.
        measures: Those that can be judged.
        problems: Why others cannot, in sentences.
    """

    version: str
    reference_photos: float
    least_photos: float
    most_photos: float
    measures: tuple[CountedMeasure, ...]
    problems: tuple[str, ...]


def merge_replicas(replicas: Iterable[Samples]) -> Samples:
    """Return what replicas say together: counters are added, and the largest gauge counts.

    If replicas of one version have different references, the shares no longer add up to 1, and
    `read_versions` says so.
    """
    merged: defaultdict[tuple[str, tuple[tuple[str, str], ...]], float] = defaultdict(float)
    for samples in replicas:
        for key, value in samples.items():
            if key[0] == PHOTOS:
                merged[key] += value
            elif key[0] in GAUGES:
                merged[key] = max(value, merged.get(key, value))
    return dict(merged)


def read_versions(samples: Samples) -> list[CountedVersion]:
    """Return every version in the metrics, the newest first.

    Args:
        samples: Metrics with the label `version`, of all replicas together.
    """
    by_version: defaultdict[str, Samples] = defaultdict(dict)
    for (name, labels), value in samples.items():
        given = dict(labels)
        if name in (PHOTOS, *GAUGES) and math.isfinite(value):
            by_version[given.get("version", "")][name, labels] = value
    return [
        _read_version(one, by_version[one])
        for one in sorted(by_version, key=rank_version, reverse=True)
    ]


def need_reference(versions: Sequence[CountedVersion], name: str) -> None:
    """Check that there is something to compare with.

    Args:
        versions: All that were found.
        name: What is served.

    Raises:
        PermanentError: No version says what was expected.
    """
    if not any(one.reference_photos for one in versions):
        numbers = ", ".join(one.version for one in versions if one.version) or "unknown"
        raise PermanentError(
            f"metrics of drift from a version of {name or 'the model'}",
            f"none; served: {numbers}",
            "export and publish the model again with this release, because a version that is older "
            "has no reference, and serve it with the predictor of this release",
        )


def _read_version(version: str, samples: Samples) -> CountedVersion:
    by_measure: defaultdict[tuple[str, str], list[Sample]] = defaultdict(list)
    single: dict[str, float] = {}
    for (name, labels), value in samples.items():
        given = dict(labels)
        if given.get("measure"):
            by_measure[given["measure"], given.get("precision", "")].append((name, given, value))
        else:
            single[name] = value
    reference, least, most = (
        single.get(name, 0.0) for name in (REFERENCE_PHOTOS, LEAST_PHOTOS, MOST_PHOTOS)
    )
    if not by_measure:
        return CountedVersion(version, 0.0, least, most, (), (_NO_REFERENCE,))
    if not all(0 < number <= MOST_COUNTED for number in (reference, least, most)):
        return CountedVersion(version, 0.0, least, most, (), (_NO_NUMBERS,))
    measures, problems = [], []
    for name, precision in sorted(by_measure):
        try:
            measures.append(read_measure(name, precision, by_measure[name, precision]))
        except ValueError as error:
            problems.append(f"{make_printable(name)[:60]} is left out: {error}.")
    return CountedVersion(version, reference, least, most, tuple(measures), tuple(problems))


_NO_REFERENCE = (
    "It has no reference, or a predictor that is older than drift detection: export and publish "
    "the version again with this release, and serve it with this release's predictor."
)
_NO_NUMBERS = "Its metrics do not say how many photos the reference and a window have."
