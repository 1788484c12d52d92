"""Whether the photos of a served model are still like those it was made for."""

from collections.abc import Sequence
from datetime import timedelta

from viewfinder.arguments import checked, read_length
from viewfinder.watching import list_urls, need_service
from viewfinder_components.errors import UsageError
from viewfinder_components.spelling import spell
from viewfinder_pipelines.drift.findings import Drift, DriftPoint, MeasureDrift, VersionDrift
from viewfinder_pipelines.local.running_predictor import RunningPredictor

__all__ = ["Drift", "DriftPoint", "MeasureDrift", "VersionDrift", "drift"]

_SINCE = "1d"


@checked
def drift(
    name: str | None = None,
    *,
    endpoint: str | RunningPredictor | Sequence[str] | None = None,
    prometheus: str | None = None,
    namespace: str | None = None,
    since: str | None = None,
    duration: str | None = None,
) -> Drift:
    """Compare the photos that a served model gets with those of its version's reference.

    From predictors, the photos are those that they have answered since their start; Prometheus
    knows those of any time. docs/drift.md says what is measured and what to do.

    Args:
        name: As for `watch`.
        endpoint: As for `watch`: predictors, whose counts are added.
        prometheus: As for `watch`.
        namespace: As for `watch`.
        since: With `prometheus`: how far to look back, such as `90m`, `12h`, `1d` or `2w`; None for
            a day.
        duration: Without `prometheus`: wait for so long, and take only the photos that come in
            meanwhile; None for all since the predictors' start.

    Raises:
        UsageError: An argument does not go with another one, or is not a URL or not a length
            of time.
        PermanentError: There is something else at an address, or no such service, or no version
            with a reference.
        TransientError: Nobody answers.
    """
    _refuse_pair(prometheus, since, duration)
    if prometheus is not None:
        service = need_service(name, endpoint, prometheus)
        return _ask_prometheus(
            prometheus, service, namespace, read_length("since", since or _SINCE)
        )
    wait = None if duration is None else read_length("duration", duration)
    if namespace is None:
        return _read_endpoints(list_urls(endpoint), name, wait)
    return _read_pods(need_service(name, endpoint, None), namespace, wait)


def _refuse_pair(prometheus: str | None, since: str | None, duration: str | None) -> None:
    if prometheus is None and since is not None:
        raise UsageError(
            f"{spell('since')} with {spell('prometheus')}, which knows what was counted when",
            f"no {spell('prometheus')}",
            f"name one, or leave {spell('since')} out for all photos since the predictors' start, "
            f"or set {spell('duration')} for those from now on",
        )
    if prometheus is not None and duration is not None:
        raise UsageError(
            f"{spell('duration')} without {spell('prometheus')}",
            "both",
            f"leave one out, or set {spell('since')}",
        )


def _ask_prometheus(url: str, name: str, namespace: str | None, since: timedelta) -> Drift:
    from viewfinder_pipelines.drift.prometheus import open_drift

    with open_drift(url, name, namespace) as asked:
        return asked.judge(since)


def _read_endpoints(urls: Sequence[str], name: str | None, wait: timedelta | None) -> Drift:
    from viewfinder_pipelines.drift.predictors import judge_predictors
    from viewfinder_pipelines.watching.endpoints import open_endpoints

    with open_endpoints(urls, name) as predictors:
        return judge_predictors(predictors, name, wait)


def _read_pods(name: str, namespace: str, wait: timedelta | None) -> Drift:
    from viewfinder_pipelines.drift.predictors import judge_predictors
    from viewfinder_pipelines.watching.pods import open_pods

    with open_pods(name, namespace) as predictors:
        return judge_predictors(predictors, name, wait)
