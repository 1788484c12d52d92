"""The samples of a predictor's `/metrics`: read, added and selected."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

Labels = tuple[tuple[str, str], ...]
Samples = dict[tuple[str, Labels], float]
"""Values by the name and the sorted labels of their series."""

_LONGEST_NUMBER = 20  # digits; Python refuses to read thousands of them
_COUNTED = ("_total", "_bucket", "_count", "_sum")


def read_samples(text: str) -> Samples:
    """Read Prometheus' text format; what is not a finite number is left out.

    Raises:
        ValueError: The text has another format.
    """
    from prometheus_client.parser import text_string_to_metric_families

    samples: Samples = {}
    try:
        for family in text_string_to_metric_families(text):
            for name, labels, value, *_ in family.samples:
                if name.endswith("_bucket"):
                    float(labels["le"])
                if math.isfinite(value):
                    samples[name, tuple(sorted(labels.items()))] = value
    except LookupError as error:  # the parser's own, of a label that is cut off; or no `le`
        raise ValueError(str(error)) from error
    return samples


def rank_version(version: str) -> tuple[int, str]:
    """Return what versions are sorted by: their numbers; before them, what is no number."""
    is_number = version.isascii() and version.isdigit() and len(version) <= _LONGEST_NUMBER
    return (int(version) if is_number else -1, version)


def is_counter(name: str) -> bool:
    """Return whether a series only grows, except after a restart; a histogram's do."""
    return name.endswith(_COUNTED)


def add_up(several: Iterable[Samples]) -> Samples:
    """Return the sums of the series that have the same name and labels."""
    sums: defaultdict[tuple[str, Labels], float] = defaultdict(float)
    for samples in several:
        for key, value in samples.items():
            sums[key] += value
    return dict(sums)


def group(samples: Samples, name: str, label: str) -> dict[str, float]:
    """Return the sums of a metric's series by the value of a label."""
    sums: defaultdict[str, float] = defaultdict(float)
    for (one, labels), value in samples.items():
        if one == name:
            sums[dict(labels).get(label, "")] += value
    return dict(sums)


def total(samples: Samples, name: str) -> float | None:
    """Return the sum of a metric's series; None if there are none."""
    values = [value for (one, _), value in samples.items() if one == name]
    return sum(values) if values else None


def find_labels(samples: Samples, name: str) -> Mapping[str, str]:
    """Return the labels of a metric that has one series; empty if there is none."""
    return next((dict(labels) for one, labels in samples if one == name), {})
