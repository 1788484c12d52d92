"""The figures of a service as Prometheus has them."""

import json
import math
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from viewfinder_client.endpoint import check_url, show_url
from viewfinder_components.errors import (
    PermanentError,
    TransientError,
    UsageError,
    ViewfinderError,
)
from viewfinder_components.spelling import spell
from viewfinder_pipelines.watching.figures import ServingFigures, ServingReplica
from viewfinder_pipelines.watching.page import NotNow, NotReadable, Pages
from viewfinder_pipelines.watching.queries import FIGURE, write_query
from viewfinder_pipelines.watching.summary import sort_shares

_Series = tuple[dict[str, str], float]
_MANY = {"outcomes": "outcome", "refused_photos": "kind", "classes": "predicted"}
_LAST_TIME = datetime.max.replace(tzinfo=UTC).timestamp()
_OF_PODS = ("pods", "pod_requests", "throttled", "up")


@contextmanager
def open_prometheus(url: str, service: str, namespace: str | None) -> Iterator["Prometheus"]:
    """Let Prometheus be asked while the block runs.

    Args:
        url: Its address.
        service: The name of the InferenceService.
        namespace: Its namespace; None for all that have such a service.

    Raises:
        UsageError: The address is no URL.
    """
    with open_pages(url) as pages:
        yield Prometheus(url.rstrip("/"), write_query(service, namespace), pages)


@contextmanager
def open_pages(url: str) -> Iterator[Pages]:
    """Let the pages of a Prometheus be read while the block runs.

    Args:
        url: Its address.

    Raises:
        UsageError: The address is no URL.
    """
    base = url.rstrip("/")
    try:
        if not base.startswith(("http://", "https://")):
            raise ValueError("neither http:// nor https:// is before it")
        check_url(base)
    except ValueError as error:
        raise UsageError(
            f"{spell('prometheus')} to be the URL of Prometheus",
            f"{show_url(url)!r} ({error})",
            f"write it as in {spell('prometheus', 'http://127.0.0.1:9090')}",
        ) from error
    with Pages(base) as pages:
        yield pages


@dataclass(frozen=True)
class Series:
    """A series that Prometheus returned.

    Attributes:
        labels: Its labels.
        points: Times, in seconds since 1970, and values, which may be no number; at least one.
    """

    labels: dict[str, str]
    points: list[tuple[float, float]]


def ask(pages: Pages, url: str, path: str, form: dict[str, str]) -> list[Series]:
    """Ask Prometheus' API.

    Args:
        pages: Those of `open_pages`.
        url: Prometheus' address.
        path: `query` or `query_range`.
        form: The expression and its times.

    Raises:
        NotNow: It says that it may answer later.
        PermanentError: There is something else at the address.
        TransientError: It does not answer.
    """
    try:
        answer = json.loads(pages.read(f"{url}/api/v1/{path}", form))
        return [_read_series(one) for one in answer["data"]["result"]]
    except NotReadable as error:
        raise _not_one(url, str(error)) from error
    except (ValueError, TypeError, LookupError, RecursionError, AttributeError) as error:
        raise _not_one(url, "an answer that is not of its API") from error
    except TransientError:
        raise
    except PermanentError as error:  # whose advice is about predictors
        raise _not_one(url, error.received) from error


def _not_one(url: str, received: str) -> PermanentError:
    return PermanentError(
        f"Prometheus at {show_url(url)}",
        received,
        f"let {spell('prometheus')} be its base URL, with USER:PASSWORD@ before the host if it "
        "asks for them",
    )


class Prometheus:
    """A Prometheus that is asked for the figures of one service."""

    def __init__(self, url: str, query: str, pages: Pages) -> None:
        self._url, self._query, self._pages = url, query, pages
        self._is_known = False

    def read(self) -> ServingFigures:
        """Return the figures of now.

        Raises:
            PermanentError: There is something else at the address, or it has no such service. It is
                not raised again after a right answer.
        """
        try:
            figures = _read_figures(self._ask())
        except NotNow as error:
            return self._without_figures(str(error))
        except ViewfinderError as error:
            if isinstance(error, PermanentError) and not self._is_known:
                raise
            return self._without_figures(error.received)
        self._is_known = True
        return figures

    def _without_figures(self, reason: str) -> ServingFigures:
        return ServingFigures(datetime.now(UTC), f"{show_url(self._url)}: {reason}")

    def _ask(self) -> list[_Series]:
        series = ask(self._pages, self._url, "query", {"query": self._query})
        found = [(one.labels, one.points[-1][1]) for one in series]
        if not found and not self._is_known:
            raise PermanentError(
                f"series of the service in Prometheus at {show_url(self._url)}",
                "none",
                f"check its name and {spell('namespace')}, and that Prometheus reads the "
                "predictors (docs/monitoring.md)",
            )
        return found


def _read_series(one: Any) -> Series:
    labels = {str(name): str(value) for name, value in one["metric"].items()}
    given = one["values"] if "values" in one else [one["value"]]
    points = [(float(time), float(value)) for time, value in given]
    if not points or not all(0 <= time < _LAST_TIME for time, _ in points):
        raise ValueError("a series without a time")
    return Series(labels, points)


def _read_figures(series: list[_Series]) -> ServingFigures:
    found: defaultdict[str, list[_Series]] = defaultdict(list)
    for labels, value in series:
        if math.isfinite(value):
            found[labels.get(FIGURE, "")].append((labels, value))
    replicas = _read_replicas(found)
    fields: dict[str, Any] = {
        name: {labels.get(label, ""): value for labels, value in found.pop(name, [])}
        for name, label in _MANY.items()
    }
    fields["classes"] = sort_shares(fields["classes"])
    fields |= {name: many[0][1] for name, many in found.items() if name not in _OF_PODS}
    return ServingFigures(datetime.now(UTC), replicas=replicas, **fields)


def _read_replicas(found: dict[str, list[_Series]]) -> tuple[ServingReplica, ...]:
    pods: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for name in _OF_PODS:
        for labels, value in found.get(name, []):
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
