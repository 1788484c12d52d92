"""On which nodes a pod may be placed, by its node selector and its tolerations."""

from collections.abc import Iterable, Mapping
from typing import Any

from viewfinder_components.deployment.kubernetes.cluster import Object

_KEEPS_AWAY = ("NoSchedule", "NoExecute")
_CORDONED = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def why_not(node: Object, placing: Mapping[str, Any]) -> str:
    """Explain why a node does not accept a pod, regardless of room; empty if it does.

    Args:
        node: The node.
        placing: A pod's specification, or the part with `nodeSelector` and `tolerations`.
    """
    spec, labels = node.get("spec", {}), node["metadata"].get("labels") or {}
    selector = placing.get("nodeSelector") or {}
    wanting = [f"{key}={value}" for key, value in selector.items() if labels.get(key) != value]
    if wanting:
        return f"it has no label {wanting[0]}"
    tolerations = placing.get("tolerations") or []
    if spec.get("unschedulable") and not _is_tolerated(_CORDONED, tolerations):
        return "it is cordoned"
    for taint in spec.get("taints") or []:
        if taint.get("effect") in _KEEPS_AWAY and not _is_tolerated(taint, tolerations):
            return f"it has the taint {taint['key']}:{taint['effect']}"
    return ""


def _is_tolerated(taint: Mapping[str, Any], tolerations: Iterable[Mapping[str, Any]]) -> bool:
    return any(_tolerates(toleration, taint) for toleration in tolerations)


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    """Whether a toleration matches a taint; one without key or effect matches all of them."""
    same_effect = toleration.get("effect") in (None, "", taint["effect"])
    exists = toleration.get("operator") == "Exists"
    if not toleration.get("key"):
        return exists and same_effect
    same_value = exists or (toleration.get("value") or "") == (taint.get("value") or "")
    return toleration["key"] == taint["key"] and same_effect and same_value
