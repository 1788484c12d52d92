"""Whether a node has room for one more predictor, which a roll-out starts beside what serves."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from viewfinder_components.deployment.cluster import Object
from viewfinder_pipelines.doctor.finding import Finding, State
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
    """See whether one more predictor fits on a node that takes it, beside all that runs now."""
    config = install.deploy_config
    wanted = read_room({"cpu": config.cpu, "memory": config.memory})
    nodes = (install.read("/api/v1/nodes", "the nodes") or {}).get("items", [])
    pods = (install.read("/api/v1/pods", "every namespace's pods") or {}).get("items", [])
    placing = read_runtime(install).get("spec", {})
    rooms = list(look_at_nodes(nodes, pods, placing))
    text = f"{config.cpu} {'core' if config.cpu == '1' else 'cores'} and {config.memory}"
    if any(not node.closed and node.free.holds(wanted) for node in rooms):
        yield Finding(NAME, State.OK, f"a node has {text} left for one more predictor")
        return
    yield Finding(
        NAME,
        State.WARNING,
        f"no node{_describe_closed(rooms)} has {text} left: a new version's pod starts beside the "
        "one that serves and would wait for room",
        "set a smaller predictor_cpu or predictor_memory, free a node, or add one",
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
    return f" that takes a predictor (of {len(rooms)} some do not: {words})"
