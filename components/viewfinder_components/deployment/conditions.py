"""The conditions of InferenceServices and revisions, as sentences."""

from collections.abc import Iterable

from viewfinder_components.deployment.cluster import Object

_STATES = {
    "Ready": "it is not ready",
    "PredictorReady": "the predictor is not ready",
    "IngressReady": "no address leads to it yet",
    "PredictorConfigurationReady": "its newest revision is not ready",
    "PredictorRouteReady": "requests are not routed to it yet",
    "RoutesReady": "requests are not routed to it yet",
    "LatestDeploymentReady": "its newest revision is not ready",
}
"""KServe's conditions by what it means that they are not true."""

_REASONS = {
    "Deploying": "its pods are starting",
    "MinimumReplicasUnavailable": "too few pods are ready",
    "RevisionMissing": "Knative has not made its revision yet",
    "ResolvingDigests": "Knative is looking up the image's digest in its registry",
}
"""What controllers give as a reason, often without any message."""

_NO_NEWS = {"Stopped", "Ready", "Active"}
"""Types that sum up the others, or say only whether anybody asks."""


def describe_service(service: Object) -> str:
    """Say which of an InferenceService's conditions are not true, and why."""
    found = _unmet(service)
    special = [one for one in found if one["type"] not in _NO_NEWS]
    words = []
    for condition in special or [one for one in found if one["type"] == "Ready"]:
        state = _STATES.get(condition["type"], f"{condition['type']} is {condition['status']}")
        reason = _explain(condition)
        words.append(f"{state} ({reason})" if reason else state)
    return _join(words) or "it has no conditions yet"


def describe_revision(revision: Object) -> str:
    """Say what a Knative revision still waits for."""
    found = [one for one in _unmet(revision) if one["type"] not in _NO_NEWS]
    return _join(filter(None, map(_explain, found))) or "its pods are starting"


def _unmet(found: Object) -> list[Object]:
    conditions = found.get("status", {}).get("conditions") or []
    return [condition for condition in conditions if condition["status"] != "True"]


def _explain(condition: Object) -> str:
    reason = str(condition.get("reason") or "")
    return str(condition.get("message") or _REASONS.get(reason, reason))


def _join(words: Iterable[str]) -> str:
    """Join what is told; several conditions often tell the same."""
    return "; ".join(dict.fromkeys(word.rstrip(".") for word in words))
