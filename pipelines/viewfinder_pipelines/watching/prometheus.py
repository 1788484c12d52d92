"""The figures of a service as Prometheus has them."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError
from viewfinder_components.spelling import spell
from viewfinder_pipelines.watching.figures import ServingFigures, ServingReplica
from viewfinder_pipelines.watching.page import NotNow
from viewfinder_pipelines.watching.prometheus_api import PrometheusApi, Series, open_api
from viewfinder_pipelines.watching.queries import FIGURE, write_query
from viewfinder_pipelines.watching.summary import sort_shares

_MANY = {"outcomes": "outcome", "refused_photos": "kind", "classes": "predicted"}
_MOST_POINTS = 300  # of the past; Prometheus returns 11,000 at most
_OF_PODS = ("pods", "pod_requests", "throttled", "up")


@contextmanager
def open_prometheus(url: str, service: str, namespace: str | None) -> Iterator["Prometheus"]:
    """Let Prometheus be asked for a service while the block runs.

    Args:
        url: Its address.
        service: The name of the InferenceService.
        namespace: Its namespace; None for all that have such a service.

    Raises:
        UsageError: The address is no URL, or a token cannot be used.
    """
    with open_api(url) as api:
        yield Prometheus(api, write_query(service, namespace))


class Prometheus:
    """A Prometheus that is asked for the figures of one service."""

    def __init__(self, api: PrometheusApi, query: str) -> None:
        self._api, self._query = api, query
        self._is_known = False

    def read(self) -> ServingFigures:
        """Return the figures of now.

        Raises:
            PermanentError: There is something else at the address, or it has no such service. It is
                not raised again after a right answer.
        """
        try:
            found = self._api.query(self._query)
            if not found and not self._is_known:
                raise _explain_no_series(self._api)
        except NotNow as error:
            return self._without_figures(str(error))
        except ViewfinderError as error:
            if isinstance(error, PermanentError) and not self._is_known:
                raise
            return self._without_figures(error.received)
        self._is_known = True
        return read_figures(found, datetime.now(UTC))

    def read_past(self, seconds: float, interval: float) -> Iterator[ServingFigures]:
        """Yield the figures of the last seconds, the oldest first.

        Args:
            seconds: How far to go back.
            interval: Seconds from one reading to the next; more where there would be too many.

        Raises:
            PermanentError: There is something else at the address.
            TransientError: Prometheus does not answer.
        """
        end = datetime.now(UTC).timestamp()
        step = max(interval, seconds / _MOST_POINTS)
        moments: defaultdict[float, list[Series]] = defaultdict(list)
        try:
            courses = self._api.query_range(self._query, end - seconds, end, step)
        except NotNow as error:
            raise TransientError(
                f"the past figures from Prometheus at {self._api.name}", str(error), "try again"
            ) from error
        for labels, values in courses:
            for time, value in values:
                moments[time].append(Series(labels, value))
        for time in sorted(moments):
            yield read_figures(moments[time], datetime.fromtimestamp(time, UTC))

    def _without_figures(self, reason: str) -> ServingFigures:
        return ServingFigures(datetime.now(UTC), f"{self._api.name}: {reason}")


def _explain_no_series(api: PrometheusApi) -> PermanentError:
    """Return the error for a service of which Prometheus has no series."""
    return PermanentError(
        f"series of the service in Prometheus at {api.name}",
        "none",
        f"check its name and {spell('namespace')}, and that Prometheus reads the predictors "
        "(docs/monitoring.md)",
    )


def read_figures(series: Sequence[Series], time: datetime) -> ServingFigures:
    """Return the figures that the answer to `write_query` has.

    Args:
        series: What Prometheus answered.
        time: The moment that it is about.
    """
    found: defaultdict[str, list[Series]] = defaultdict(list)
    for labels, value, _ in series:
        if math.isfinite(value):
            found[labels.get(FIGURE, "")].append(Series(labels, value))
    replicas = _read_replicas(found)
    fields: dict[str, Any] = {
        name: {labels.get(label, ""): value for labels, value, _ in found.pop(name, [])}
        for name, label in _MANY.items()
    }
    fields["classes"] = sort_shares(fields["classes"])
    fields |= {name: many[0][1] for name, many in found.items() if name not in _OF_PODS}
    return ServingFigures(time, replicas=replicas, **fields)


def _read_replicas(found: dict[str, list[Series]]) -> tuple[ServingReplica, ...]:
    pods: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for name in _OF_PODS:
        for labels, value, _ in found.get(name, []):
            known = pods[labels.get("pod") or labels.get("instance", "")]
            metric = labels.get("__name__", "") if name == "pods" else name
            known[metric.removeprefix("viewfinder_")] = value
            if metric == "viewfinder_model_info":
                known["info"] = labels
    return tuple(_describe(address, pods[address]) for address in sorted(pods))


def _describe(address: str, known: dict[str, Any]) -> ServingReplica:
    if known.get("up") == 0:
        return ServingReplica(address, "it does not answer Prometheus")
    info = known.get("info", {})
    return ServingReplica(
        address,
        # Of another server than Viewfinder's, all that is known is that it answers.
        is_ready=known.get("ready", known.get("up")) == 1,
        model=info.get("model", ""),
        version=info.get("version", ""),
        precision=info.get("precision", ""),
        digest=info.get("digest", ""),
        requests_per_second=known.get("pod_requests"),
        start_seconds=known.get("start_seconds") or None,
        load_seconds=known.get("model_load_seconds") or None,
        memory_bytes=known.get("container_memory_bytes"),
        memory_limit_bytes=known.get("container_memory_limit_bytes"),
        throttled_share=known.get("throttled"),
    )
