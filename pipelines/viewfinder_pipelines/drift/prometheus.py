"""What Prometheus knows of a service's drift: counts over a window, and how they came about."""

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np

from viewfinder_components.errors import PermanentError, TransientError
from viewfinder_components.spelling import spell
from viewfinder_pipelines.drift.counted import (
    GAUGES,
    CountedVersion,
    need_reference,
    read_versions,
)
from viewfinder_pipelines.drift.findings import Drift
from viewfinder_pipelines.drift.judging import Counts, History, Key, find_key, judge_version
from viewfinder_pipelines.drift.measure_metrics import MOST_COUNTED, PHOTOS, read_place
from viewfinder_pipelines.drift.sentences import name_length
from viewfinder_pipelines.watching.page import NotNow
from viewfinder_pipelines.watching.prometheus import explain_no_series
from viewfinder_pipelines.watching.prometheus_api import Course, PrometheusApi, Series, open_api
from viewfinder_pipelines.watching.samples import Samples

_TAG = "metric"
_LABELS = ("namespace", "version", "measure", "precision", "bin", "above")
_POINTS = 96  # of a timeline: a day in quarters of an hour
_LONGEST_STRETCH = timedelta(hours=1)  # that of the alert


@contextmanager
def open_drift(url: str, service: str, namespace: str | None) -> Iterator["PrometheusDrift"]:
    """Let Prometheus be asked while the block runs.

    Args:
        url: Its address.
        service: The name of the InferenceService.
        namespace: Its namespace; None if there is only one.

    Raises:
        UsageError: The address is no URL, or a token cannot be used.
    """
    with open_api(url) as api:
        yield PrometheusDrift(api, service, namespace)


class PrometheusDrift:
    """A Prometheus that is asked for the drift of one service."""

    def __init__(self, api: PrometheusApi, service: str, namespace: str | None) -> None:
        self._api, self._service = api, service
        names = {"inferenceservice": service} | ({"namespace": namespace} if namespace else {})
        self._of = "{" + ", ".join(f"{key}={json.dumps(name)}" for key, name in names.items()) + "}"

    def judge(self, since: timedelta) -> Drift:
        """Return the drift of the photos since then.

        Args:
            since: How long the window is.

        Raises:
            PermanentError: There is something else at the address, or it has no such service, or
                several in different namespaces.
            TransientError: Prometheus does not answer.
        """
        with self._explained():
            found = self._api.query(self._write_query(since))
        if not found:
            received = f"none in the last {name_length(since)}"
            raise explain_no_series(self._api, self._service, received)
        self._need_one_namespace(found)
        end = datetime.fromtimestamp(found[0].at, UTC)
        versions = read_versions(_to_samples(found))
        need_reference(versions, self._service)
        step, stretch = _choose_resolution(since)
        history = self._read_history(versions, end, since, step, stretch)
        return Drift(
            self._service,
            f"Prometheus, the last {name_length(since)}",
            end,
            end - since,
            tuple(judge_version(version, history) for version in versions),
            step=step,
            stretch=stretch,
        )

    def _write_query(self, since: timedelta) -> str:
        """Return one expression for all metrics; those of pods that are gone count as well."""
        window = f"[{_in_promql(since)}]"
        by = f"by ({', '.join(_LABELS)})"
        parts = {PHOTOS: f"sum {by} (increase({PHOTOS}{self._of}{window}))"}
        for name in GAUGES:
            parts[name] = f"max {by} (max_over_time({name}{self._of}{window}))"
        tagged = (
            f'label_replace({part}, "{_TAG}", "{name}", "", "")' for name, part in parts.items()
        )
        return "\nor ".join(tagged)

    def _read_history(
        self,
        versions: list[CountedVersion],
        end: datetime,
        since: timedelta,
        step: timedelta,
        stretch: timedelta,
    ) -> History:
        by = "by (version, measure, precision, bin)"
        counted = f"sum {by} (increase({PHOTOS}{self._of}[{_in_promql(stretch)}]))"
        start, last = (end - since + step).timestamp(), end.timestamp()
        with self._explained():
            found = self._api.query_range(counted, start, last, step.total_seconds())
        sizes = {
            find_key(one, measure): len(measure.expected)
            for one in versions
            for measure in one.measures
        }
        return _to_history(found, sizes)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Say of a Prometheus that may answer later that it does not now."""
        try:
            yield
        except NotNow as error:
            raise TransientError(
                f"Prometheus at {self._api.name}", str(error), "try again later"
            ) from error

    def _need_one_namespace(self, found: list[Series]) -> None:
        names = sorted({one.labels.get("namespace", "") for one in found})
        if len(names) > 1:
            raise PermanentError(
                f"the service {self._service} in one namespace",
                f"in {', '.join(names)}",
                f"choose one with {spell('namespace')}",
            )


def _in_promql(time: timedelta) -> str:
    return f"{round(time.total_seconds() * 1000)}ms"


def _choose_resolution(since: timedelta) -> tuple[timedelta, timedelta]:
    """Return the time from one point of a timeline to the next, and that which each is about."""
    step = timedelta(seconds=max(1, round(since.total_seconds() / _POINTS)))
    return step, max(step, min(_LONGEST_STRETCH, since / 6))


def _to_samples(found: list[Series]) -> Samples:
    samples: Samples = {}
    for one in found:
        labels = {name: value for name, value in one.labels.items() if name in _LABELS[1:]}
        samples[one.labels.get(_TAG, ""), tuple(sorted(labels.items()))] = one.value
    return samples


def _to_history(found: list[Course], sizes: dict[Key, int]) -> History:
    """Return the counts at each time that has any, of the measures of these numbers of bins."""
    counts: defaultdict[Key, dict[float, Counts]] = defaultdict(dict)
    for one in found:
        version, measure, precision = (
            one.labels.get(name, "") for name in ("version", "measure", "precision")
        )
        key = version, measure, precision
        try:
            place = read_place(one.labels)
        except ValueError:
            continue
        if place < sizes.get(key, 0):
            for time, value in one.values:
                at = counts[key].setdefault(time, np.zeros(sizes[key]))
                at[place] = value if 0 <= value <= MOST_COUNTED else 0.0
    return {
        key: [(datetime.fromtimestamp(time, UTC), times[time]) for time in sorted(times)]
        for key, times in counts.items()
    }
