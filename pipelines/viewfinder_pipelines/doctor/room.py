"""Whether nodes have room for a rollout, which starts one predictor besides those that serve."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from viewfinder_components.deployment.kserve.applied import read_applied
from viewfinder_components.deployment.kubernetes.cluster import Object
from viewfinder_pipelines.doctor.finding import Finding, FindingState
from viewfinder_pipelines.doctor.install import Install
from viewfinder_pipelines.doctor.objects import read_runtime
from viewfinder_pipelines.doctor.pod_requests import ONE_POD, Room, read_room, requested
from viewfinder_pipelines.doctor.scheduling import why_not

NAME = "room for a rollout"

_ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True)
class NodeRoom:
    """A node, from the point of view of a pod to be scheduled."""

    free: Room
    """What its pods leave free."""
    closed: str
    """Why it does not accept the pod even if there is room; empty if it does."""


def examine_room(install: Install) -> Iterator[Finding]:
    """Check that a rollout's predictors fit on nodes that accept them, besides all that runs.

    If a service already runs, that is one more. If not, it is those of a first deployment,
    and one more for the second.
    """
    config = install.deploy_config
    asked = {"cpu": config.predictor_cpu, "memory": config.predictor_memory}
    wanted = read_room(asked) + ONE_POD
    nodes = (install.read("/api/v1/nodes", "the nodes") or {}).get("items", [])
    pods = (install.read("/api/v1/pods", "every namespace's pods") or {}).get("items", [])
    placing = read_runtime(install).get("spec", {})
    rooms = list(look_at_nodes(nodes, pods, placing))
    size = f"cpu {config.predictor_cpu} and memory {config.predictor_memory}"
    yield judge_room(rooms, wanted, count_first(pods, install), size)


def serves_already(pods: Iterable[Object], namespace: str) -> bool:
    """Whether a predictor deployed by Viewfinder runs in a namespace."""
    return any(
        pod["metadata"].get("namespace") == namespace and read_applied(pod) is not None
        for pod in pods
        if pod.get("status", {}).get("phase") not in _ENDED
    )


def count_first(pods: Iterable[Object], install: Install) -> int:
    """Return how many predictors a first deployment starts; 0 if a service already runs."""
    if serves_already(pods, install.namespace):
        return 0
    return max(1, install.deploy_config.min_replicas)


def judge_room(rooms: list[NodeRoom], wanted: Room, first: int, size: str) -> Finding:
    """Report whether the predictors to start fit.

    Args:
        rooms: The nodes.
        wanted: What a predictor requests.
        first: How many predictors a first deployment starts; 0 if a service already runs.
        size: `wanted` in words.
    """
    fitting = sum(node.free.times(wanted, first + 1) for node in rooms if not node.closed)
    if fitting > first:
        for_what = f"{first} and, in a rollout, one more" if first else "one more"
        return Finding(NAME, FindingState.OK, f"nodes have room for {for_what} ({size} each)")
    if not first:
        text = f"a new version's pod ({size}) would have to wait for room next to the current one"
    elif fitting == first:
        text = f"a first deployment fits; a second version's pod ({size}) would have to wait"
    else:
        text = f"room for {fitting} of the {first} predictors of a first deployment ({size} each)"
    return Finding(
        NAME,
        FindingState.WARNING,
        text + _describe_pods(rooms, wanted, first) + _describe_closed(rooms),
        "set a smaller predictor_cpu or predictor_memory under [parameters] in viewfinder.toml or "
        "when you deploy, free a node, or add one",
    )


def look_at_nodes(
    nodes: list[Object], pods: list[Object], placing: Mapping[str, Any]
) -> Iterator[NodeRoom]:
    """Yield what each node has available for a pod.

    Args:
        nodes: The nodes.
        pods: Every namespace's pods.
        placing: Where the pod may be placed: `nodeSelector` and `tolerations`.
    """
    for node in nodes:
        allocatable = node["status"].get("allocatable", {})
        free = read_room(allocatable)
        for pod in pods:
            is_here = pod["spec"].get("nodeName") == node["metadata"]["name"]
            if is_here and pod.get("status", {}).get("phase") not in _ENDED:
                free -= requested(pod)
        most = allocatable.get("pods", 0)
        full = "" if free.pods >= 1 else f"it runs as many pods as it may ({most})"
        yield NodeRoom(free, why_not(node, placing) or full)


def _describe_pods(rooms: list[NodeRoom], wanted: Room, first: int) -> str:
    """Say that it is the number of pods for which there is no room, empty where it is more."""
    alone = replace(wanted, pods=Decimal(0))
    fitting = sum(node.free.times(alone, first + 1) for node in rooms if not node.closed)
    return ", because of the most pods that a node may have" if fitting > first else ""


def _describe_closed(rooms: list[NodeRoom]) -> str:
    """Describe which nodes do not count, empty if all do."""
    reasons = Counter(node.closed for node in rooms if node.closed)
    if not reasons:
        return ""
    words = "; ".join(f"{count} because {reason}" for reason, count in reasons.items())
    return f" (of {len(rooms)} nodes some accept no predictor: {words})"
