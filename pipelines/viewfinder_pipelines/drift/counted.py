"""The metrics of drift, read: what was expected of each measure of a version, and what came.

Metrics come from a network, from predictors of any release: what makes no sense is left out with a
reason, and never becomes a finding.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError
from viewfinder_components.printable import make_printable
from viewfinder_pipelines.watching.samples import Samples

PHOTOS = "viewfinder_drift_photos_total"
SHARE = "viewfinder_drift_reference_share"
LIMIT = "viewfinder_drift_limit"
REFERENCE_PHOTOS = "viewfinder_drift_reference_photos"
LEAST_PHOTOS = "viewfinder_drift_least_photos"
MOST_PHOTOS = "viewfinder_drift_most_photos"
MODEL = "viewfinder_model_info"
GAUGES = (SHARE, LIMIT, REFERENCE_PHOTOS, LEAST_PHOTOS, MOST_PHOTOS, MODEL)
"""What every replica of a version says alike."""

_CLASSES = "predicted"
_MOST_BINS = 5000
MOST_COUNTED = 1e15
"""Photos; beyond that, a sum of counts is not exact."""
_SMALLEST = 1e-12  # share or limit; what is divided by it stays finite
_TOLERANCE = 0.01  # of the sum of all shares: `above` and the shares are short texts

_Sample = tuple[str, Mapping[str, str], float]


@dataclass(frozen=True)
class CountedMeasure:
    """What was expected of a measure, and what came.

    Attributes:
        name: The measure's.
        precision: That of the model whose answers are measured, because replicas may serve a
            version in several; empty for what is measured on photos.
        edges: Between the bins, ascending; empty for classes.
        classes: The class of each bin; empty for numbers.
        expected: The expected shares, float64 `[bins]`, above 0.
        limit: The statistic above which the measure has drifted.
        counts: Photos in each bin, float64 `[bins]`.
    """

    name: str
    precision: str
    edges: tuple[float, ...]
    classes: tuple[str, ...]
    expected: NDArray[np.float64]
    limit: float
    counts: NDArray[np.float64]


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
    return [_read_version(one, by_version[one]) for one in sorted(by_version, key=_rank)]


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


def _rank(version: str) -> tuple[int, str]:
    return (-int(version), "") if version.isascii() and version.isdigit() else (1, version)


def _read_version(version: str, samples: Samples) -> CountedVersion:
    by_measure: defaultdict[tuple[str, str], list[_Sample]] = defaultdict(list)
    single: dict[str, float] = {}
    for (name, labels), value in samples.items():
        given = dict(labels)
        if "measure" in given:
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
            measures.append(_read_measure(name, precision, by_measure[name, precision]))
        except ValueError as error:
            problems.append(f"{make_printable(name)[:60]} is left out: {error}.")
    return CountedVersion(version, reference, least, most, tuple(measures), tuple(problems))


_NO_REFERENCE = (
    "It has no reference, or a predictor that is older than drift detection: export and publish "
    "the version again with this release, and serve it with this release's predictor."
)
_NO_NUMBERS = "Its metrics do not say how many photos the reference and a window have."


def _read_measure(name: str, precision: str, samples: Iterable[_Sample]) -> CountedMeasure:
    """Return a measure from its metrics, labels and values.

    Raises:
        ValueError: They make no sense.
    """
    shares: dict[int, tuple[str, float]] = {}
    counts: dict[int, float] = {}
    limit = 0.0
    for metric, labels, value in samples:
        if metric == LIMIT:
            limit = value
        elif metric == PHOTOS:
            counts[_read_place(labels)] = value
        elif metric == SHARE:
            place = _read_place(labels)
            if place in shares:
                raise ValueError("its replicas have different references")
            shares[place] = labels.get("above", ""), value
    if not _SMALLEST <= limit <= MOST_COUNTED:
        raise ValueError("it has no limit")
    expected = _read_shares([shares[place][1] for place in sorted(shares)])
    if sorted(shares) != list(range(len(shares))) or not set(counts) <= set(shares):
        raise ValueError("its bins are not those of its reference")
    above = [shares[place][0] for place in range(len(shares))]
    edges = () if name == _CLASSES else _read_edges(above[1:])
    classes = tuple(above) if name == _CLASSES else ()
    photos = np.array([counts.get(place, 0.0) for place in range(len(shares))])
    if photos.min() < 0 or photos.sum() > MOST_COUNTED:
        raise ValueError("its counts are impossible")
    return CountedMeasure(name, precision, edges, classes, expected, limit, photos)


def _read_place(labels: Mapping[str, str]) -> int:
    text = labels.get("bin", "")
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) < _MOST_BINS):
        raise ValueError("a bin has no number")
    return int(text)


def _read_shares(shares: list[float]) -> NDArray[np.float64]:
    expected = np.array(shares)
    if len(expected) < 2 or expected.min() < _SMALLEST:
        raise ValueError("it has no expected shares, or one that is 0")
    if abs(expected.sum() - 1) > _TOLERANCE:
        raise ValueError(
            f"its expected shares add up to {expected.sum():.3g} instead of 1, as they do if its "
            "replicas have different references"
        )
    normed: NDArray[np.float64] = expected / expected.sum()
    return normed


def _read_edges(above: list[str]) -> tuple[float, ...]:
    try:
        edges = tuple(map(float, above))
    except ValueError:
        raise ValueError("an edge of a bin is no number") from None
    if list(edges) != sorted(edges) or not all(map(math.isfinite, edges)):
        raise ValueError("the edges of its bins are not in order")
    return edges
