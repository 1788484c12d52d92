"""What predictors have counted: since they were started, or from now on."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from viewfinder_components.errors import TransientError
from viewfinder_components.spelling import spell, write_command
from viewfinder_pipelines.drift.counted import (
    GAUGES,
    MODEL,
    merge_replicas,
    need_reference,
    read_versions,
)
from viewfinder_pipelines.drift.findings import Drift
from viewfinder_pipelines.drift.judging import judge_version
from viewfinder_pipelines.drift.measure_metrics import PHOTOS
from viewfinder_pipelines.watching.history import History
from viewfinder_pipelines.watching.reading import Predictors, Reading
from viewfinder_pipelines.watching.samples import Samples, find_labels, total

_STARTED = "process_start_time_seconds"
_PAUSE = 5.0  # seconds: a predictor that is started anew in between loses no more than that


@dataclass(frozen=True)
class _Read:
    samples: Mapping[str, Samples]
    unread: dict[str, str]


def judge_predictors(predictors: Predictors, name: str | None, wait: timedelta | None) -> Drift:
    """Return the drift of what predictors have answered.

    Args:
        predictors: What to read.
        name: What is served; None for the name that the predictors say.
        wait: For how long to count from now on; None for everything since their start.

    Raises:
        PermanentError: There is something else at an address, or no version with a reference.
        TransientError: No predictor answers.
    """
    if wait is None:
        return _judge_since_start(predictors, name)
    return _judge_from_now_on(predictors, name, wait)


def _judge_since_start(predictors: Predictors, name: str | None) -> Drift:
    read = _read(predictors.read())
    times = [total(samples, _STARTED) for samples in read.samples.values()]
    started = min((at for at in times if at is not None), default=None)
    beginning = None if started is None else _to_time(started)
    return _judge(read, name, "predictors, since their start", beginning)


def _judge_from_now_on(predictors: Predictors, name: str | None, wait: timedelta) -> Drift:
    readings = first = predictors.read()
    _read(first)  # if none answers now, nobody has to wait to hear it
    start, ends = datetime.now(UTC), time.monotonic() + wait.total_seconds()
    histories: dict[str, History] = {}
    _add(histories, first, first)
    while (rest := ends - time.monotonic()) > 0:
        time.sleep(min(_PAUSE, rest))
        readings = predictors.read()
        _add(histories, readings, first)
    unread = _read(readings).unread
    grown = {address: _grow(history) for address, history in histories.items()}
    return _judge(_Read(grown, unread), name, "predictors, from now on", start)


def _add(
    histories: dict[str, History], readings: Mapping[str, Reading], first: Mapping[str, Reading]
) -> None:
    """Add readings to the histories; a predictor that was not there at first counts from 0."""
    for address, reading in readings.items():
        if reading.problem:
            continue
        if address not in histories:
            histories[address] = History(math.inf)
            if address not in first:
                histories[address].add(-math.inf, {})
        histories[address].add(reading.time, reading.samples)


def _grow(history: History) -> Samples:
    """Return the counters' growth, and the gauges of the last reading."""
    gauges = {key: value for key, value in history.samples.items() if key[0] in GAUGES}
    grown = {key: value for key, value in history.growth().items() if key[0] == PHOTOS}
    return gauges | grown


def _read(readings: Mapping[str, Reading]) -> _Read:
    unread = {address: one.problem for address, one in readings.items() if one.problem}
    samples = {address: one.samples for address, one in readings.items() if not one.problem}
    if not samples:
        raise TransientError(
            "a predictor that answers",
            ", ".join(f"{address}: {problem}" for address, problem in unread.items()) or "none",
            f"start it with `{write_command('serve', 'MODEL')}`, name another with "
            f"{spell('endpoint')}, or wait until a pod is ready",
        )
    return _Read(samples, unread)


def _judge(read: _Read, name: str | None, source: str, start: datetime | None) -> Drift:
    names = {find_labels(one, MODEL).get("model") for one in read.samples.values()}
    name = name or ", ".join(sorted(filter(None, names)))
    versions = read_versions(merge_replicas(read.samples.values()))
    need_reference(versions, name)
    return Drift(
        name,
        source,
        datetime.now(UTC),
        start,
        tuple(judge_version(version, {}) for version in versions),
        read.unread,
    )


def _to_time(seconds: float) -> datetime | None:
    """Return a time from seconds since 1970; None if there is no such time."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
