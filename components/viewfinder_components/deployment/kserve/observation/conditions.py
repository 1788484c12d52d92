"""The conditions of InferenceServices and revisions, as sentences."""

from collections.abc import Iterable

from viewfinder_components.deployment.kubernetes.cluster import Object

_STATES = {
    "Ready": "it is not ready",
    "PredictorReady": "the predictor is not ready",
    "IngressReady": "no address leads to it yet",
    "PredictorConfigurationReady": "its newest revision is not ready",
    "PredictorRouteReady": "requests are not routed to it yet",
    "RoutesReady": "requests are not routed to it yet",
    "LatestDeploymentReady": "its newest revision is not ready",
}
"""What it means if one of KServe's conditions is not true."""

_REASONS = {
    "Deploying": "its pods are starting",
    "MinimumReplicasUnavailable": "too few pods are ready",
    "RevisionMissing": "Knative has not made its revision yet",
    "ResolvingDigests": "Knative is looking up the image's digest in its registry",
}
"""Reasons that controllers give, often without a message."""

_NO_NEWS = {"Stopped", "Ready", "Active"}
"""Types that summarize the others, or only show whether the service gets requests."""


def describe_service(service: Object) -> str:
    """Describe which of an InferenceService's conditions are not true, and why."""
    found = _unmet(service)
    special = [one for one in found if one["type"] not in _NO_NEWS]
    words = []
    for condition in special or [one for one in found if one["type"] == "Ready"]:
        state = _STATES.get(condition["type"], f"{condition['type']} is {condition['status']}")
        reason = _explain(condition)
        words.append(f"{state} ({reason})" if reason else state)
    return _join(words) or "it has no conditions yet"


def describe_revision(revision: Object) -> str:
    """Describe what a Knative revision is still waiting for."""
    found = [one for one in _unmet(revision) if one["type"] not in _NO_NEWS]
    return _join(filter(None, map(_explain, found))) or "its pods are starting"


def _unmet(found: Object) -> list[Object]:
    conditions = found.get("status", {}).get("conditions") or []
    return [condition for condition in conditions if condition["status"] != "True"]


def _explain(condition: Object) -> str:
    reason = str(condition.get("reason") or "")
    return str(condition.get("message") or _REASONS.get(reason, reason))


def _join(words: Iterable[str]) -> str:
    """Join the sentences, dropping repetitions: several conditions often say the same."""
    return "; ".join(dict.fromkeys(word.rstrip(".") for word in words))
