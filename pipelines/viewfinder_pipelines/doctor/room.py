"""Whether nodes have room for a roll-out, which starts one predictor beside those that serve."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from viewfinder_components.deployment.apply import read_applied
from viewfinder_components.deployment.cluster import Object
from viewfinder_pipelines.doctor.finding import Finding, FindingState
from viewfinder_pipelines.doctor.install import Install
from viewfinder_pipelines.doctor.objects import read_runtime
from viewfinder_pipelines.doctor.pod_requests import Room, read_room, requested
from viewfinder_pipelines.doctor.scheduling import why_not

NAME = "room for a roll-out"

_ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True)
class NodeRoom:
    """A node, seen by a pod that looks for a place."""

    free: Room
    """What its pods leave."""
    closed: str
    """Why it does not take the pod whatever is free; empty when it does."""


def examine_room(install: Install) -> Iterator[Finding]:
    """See whether the predictors of a roll-out fit on nodes that take them, beside all that runs.

    Where a service runs already, that is one more. Where none does, it is those of a first deploy,
    and one more for the second.
    """
    config = install.deploy_config
    wanted = read_room({"cpu": config.predictor_cpu, "memory": config.predictor_memory})
    nodes = (install.read("/api/v1/nodes", "the nodes") or {}).get("items", [])
    pods = (install.read("/api/v1/pods", "every namespace's pods") or {}).get("items", [])
    placing = read_runtime(install).get("spec", {})
    rooms = list(look_at_nodes(nodes, pods, placing))
    first = 0 if serves_already(pods, install.namespace) else max(1, config.min_replicas)
    size = f"cpu {config.predictor_cpu} and memory {config.predictor_memory}"
    yield judge_room(rooms, wanted, first, size)


def serves_already(pods: Iterable[Object], namespace: str) -> bool:
    """Whether a predictor that Viewfinder has deployed runs in a namespace."""
    return any(
        pod["metadata"].get("namespace") == namespace and read_applied(pod) is not None
        for pod in pods
        if pod.get("status", {}).get("phase") not in _ENDED
    )


def judge_room(rooms: list[NodeRoom], wanted: Room, first: int, size: str) -> Finding:
    """Say whether what is to be started fits.

    Args:
        rooms: The nodes.
        wanted: What a predictor requests.
        first: How many predictors a first deploy starts; 0 where a service runs already.
        size: `wanted` in words.
    """
    fitting = sum(node.free.times(wanted, first + 1) for node in rooms if not node.closed)
    if fitting > first:
        for_what = f"{first} and, in a roll-out, one more" if first else "one more"
        return Finding(NAME, FindingState.OK, f"nodes have room for {for_what} ({size} each)")
    if not first:
        text = f"a new version's pod ({size}) would wait for room beside the one that serves"
    elif fitting == first:
        text = f"a first deploy fits; a second version's pod ({size}) would wait beside it"
    else:
        text = f"room for {fitting} of the {first} predictors of a first deploy ({size} each)"
    return Finding(
        NAME,
        FindingState.WARNING,
        text + _describe_closed(rooms),
        "set a smaller predictor_cpu or predictor_memory under [parameters] in viewfinder.toml or "
        "with --set, free a node, or add one",
    )


def look_at_nodes(
    nodes: list[Object], pods: list[Object], placing: Mapping[str, Any]
) -> Iterator[NodeRoom]:
    """Yield what each node has for a pod.

    Args:
        nodes: The nodes.
        pods: Every namespace's pods.
        placing: Where the pod may go: `nodeSelector` and `tolerations`.
    """
    for node in nodes:
        free = read_room(node["status"].get("allocatable", {}))
        for pod in pods:
            is_here = pod["spec"].get("nodeName") == node["metadata"]["name"]
            if is_here and pod.get("status", {}).get("phase") not in _ENDED:
                free -= requested(pod)
        yield NodeRoom(free, why_not(node, placing))


def _describe_closed(rooms: list[NodeRoom]) -> str:
    """Say which nodes do not count, empty where all do."""
    reasons = Counter(node.closed for node in rooms if node.closed)
    if not reasons:
        return ""
    words = "; ".join(f"{count} because {reason}" for reason, count in reasons.items())
    return f" (of {len(rooms)} nodes some take no predictor: {words})"
