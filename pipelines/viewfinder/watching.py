"""Watch a served model: its figures, read again and again."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from viewfinder.arguments import checked, read_endpoint, read_length
from viewfinder_components.errors import (
    ParameterError,
    PermanentError,
    UsageError,
    reason_of,
)
from viewfinder_components.spelling import spell
from viewfinder_components.whole_files import write_text
from viewfinder_pipelines.local.running_predictor import RunningPredictor
from viewfinder_pipelines.watching.figures import ServingFigures, ServingReplica

__all__ = ["ServingFigures", "ServingReplica", "save_figures", "watch"]

_SHORTEST = 0.1  # seconds
_LONGEST = 3600.0


@checked
def watch(
    name: str | None = None,
    *,
    endpoint: str | RunningPredictor | Sequence[str] | None = None,
    prometheus: str | None = None,
    namespace: str | None = None,
    interval: float = 2.0,
    window: float = 10.0,
    since: str | None = None,
) -> Iterator[ServingFigures]:
    """Yield the figures of a served model in every interval, without an end.

    They are those of docs/monitoring.md, of all replicas together and of each.

    Args:
        name: The model's name, or the InferenceService's with `namespace` or `prometheus`; None for
            whatever model the predictors at `endpoint` serve.
        endpoint: URLs of predictors, one or several replicas, or what `serve` yields; None for
            the address at which `viewfinder serve` listens. Each must be one process: behind an
            address that leads to several, counters would jump.
        prometheus: URL of a Prometheus that reads the predictors, which is asked instead of them.
        namespace: The InferenceService's namespace. Its pods are read through the Kubernetes API
            server, or `prometheus` is asked about this namespace only.
        interval: Seconds from one reading to the next.
        window: Seconds over which rates are taken from predictors. Prometheus' are of the last five
            minutes, and of the last hour for classes and confidence.
        since: With `prometheus`, begin with the figures of this time before now, such as `25m`,
            `12h` or `1d`, at most 300 of them; None to begin now.

    Returns:
        An iterator over the figures. A predictor or a Prometheus that does not answer does not end
        it: the figures say so.

    Raises:
        UsageError: An argument does not go with another one, or is not a URL.
        PermanentError: At the first reading: there is something else at an address, or no such
            service.
        TransientError: At the first reading: the cluster does not answer, or Prometheus does not
            tell the past.
    """
    for argument, seconds in (("interval", interval), ("window", window)):
        if not _SHORTEST <= seconds <= _LONGEST:
            rule = f"a number of seconds from {_SHORTEST:g} to {_LONGEST:g}"
            raise ParameterError(argument, rule, seconds)
    if since is not None and prometheus is None:
        raise UsageError(
            f"{spell('prometheus')} with {spell('since')}: predictors do not know the past",
            "no Prometheus",
            f"name it, or leave {spell('since')} out",
        )
    past = None if since is None else read_length("since", since)
    if prometheus is None and namespace is None:
        return _read_endpoints(list_urls(endpoint), name, interval, window)
    service = need_service(name, endpoint, prometheus)
    if prometheus is not None:
        return _ask_prometheus(prometheus, service, namespace, interval, past)
    return _read_pods(service, str(namespace), interval, window)


def need_service(name: str | None, endpoint: object, prometheus: str | None) -> str:
    """Return the name of the InferenceService that is meant.

    Args:
        name: As for `watch`; the following as well.
        endpoint: What must not be given.
        prometheus: None if a namespace was given instead.

    Raises:
        UsageError: There is no name, or there are addresses of predictors.
    """
    if name is None or endpoint:
        given = spell("namespace" if prometheus is None else "prometheus")
        raise UsageError(
            f"the name of an InferenceService with {given}, and no {spell('endpoint')}",
            "no name" if name is None else spell("endpoint"),
            "name the service" if name is None else f"leave {spell('endpoint')} out",
        )
    return name


@checked
def save_figures(
    figures: Iterable[ServingFigures], path: str | Path, *, title: str | None = None
) -> Path:
    """Write a self-contained page: requests and latency over time, and cold starts.

    Args:
        figures: What `watch` yielded, in that order; at least one.
        path: Where to write the page; folders are created.
        title: What was watched; None for the model's name.

    Returns:
        The page's path.

    Raises:
        UsageError: There are no figures.
        PermanentError: The page cannot be written, or the packages for charts are not installed.
    """
    readings = list(figures)
    if not readings:
        raise UsageError("at least one reading", "none", "let `watch` read first")
    try:
        from viewfinder_pipelines.watching.serving_page import render_serving
    except ImportError as error:
        raise PermanentError(
            "the packages for charts",
            f"none of the name {error.name}",
            "run `pip install 'viewfinder[steps]'`",
        ) from error
    file = Path(path)
    try:
        write_text(file, render_serving(title or _find_models(readings), readings))
    except OSError as error:
        raise PermanentError(
            f"a writable path for the page {file}", reason_of(error), "name another file"
        ) from error
    return file


def _find_models(readings: Sequence[ServingFigures]) -> str:
    names = {one.model for reading in readings for one in reading.replicas if one.model}
    return ", ".join(sorted(names)) or "A served model"


def list_urls(
    endpoint: str | RunningPredictor | Sequence[str] | None,
) -> list[str]:
    """Return the addresses of the predictors that are meant by `watch`'s argument `endpoint`."""
    from viewfinder_pipelines.watching.endpoints import DEFAULT

    if isinstance(endpoint, str | RunningPredictor):
        return [read_endpoint(endpoint)]
    return list(endpoint or ()) or [DEFAULT]


def _read_endpoints(
    urls: Sequence[str], name: str | None, interval: float, window: float
) -> Iterator[ServingFigures]:
    from viewfinder_pipelines.watching.endpoints import open_endpoints
    from viewfinder_pipelines.watching.watch import watch_predictors

    with open_endpoints(urls, name) as predictors:
        yield from watch_predictors(predictors, interval, window)


def _read_pods(
    name: str, namespace: str, interval: float, window: float
) -> Iterator[ServingFigures]:
    from viewfinder_pipelines.watching.pods import open_pods
    from viewfinder_pipelines.watching.watch import watch_predictors

    with open_pods(name, namespace) as predictors:
        yield from watch_predictors(predictors, interval, window)


def _ask_prometheus(
    url: str, name: str, namespace: str | None, interval: float, past: timedelta | None
) -> Iterator[ServingFigures]:
    from viewfinder_pipelines.watching.prometheus import open_prometheus
    from viewfinder_pipelines.watching.watch import repeat

    with open_prometheus(url, name, namespace) as asked:
        if past is not None:
            yield from asked.read_past(past.total_seconds(), interval)
        yield from repeat(asked.read, interval)
