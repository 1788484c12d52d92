"""Whether a node has room for one more predictor, which a roll-out starts beside what serves."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from viewfinder_components.deployment.cluster import Object
from viewfinder_pipelines.doctor.finding import Finding, State
from viewfinder_pipelines.doctor.install import Install
from viewfinder_pipelines.pipeline.compiling import with_defaults

NAME = "room for a roll-out"

_ENDED = ("Succeeded", "Failed")
_QUANTITY = re.compile(r"([0-9.]+)([a-zA-Z]*)")
# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_FACTORS = {
    "": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40,
}  # fmt: skip


@dataclass(frozen=True)
class Room:
    """An amount of a node."""

    cpu: float
    """Cores."""
    memory: float
    """Bytes."""

    def holds(self, other: "Room") -> bool:
        """Return whether `other` fits in."""
        return self.cpu >= other.cpu and self.memory >= other.memory

    def less(self, other: "Room") -> "Room":
        """Return what is left without `other`."""
        return Room(self.cpu - other.cpu, self.memory - other.memory)


def examine_room(install: Install) -> Iterator[Finding]:
    """See whether one more predictor fits on a node, beside all that runs now."""
    parameters = with_defaults(install.config.settings.parameters)
    asked = {"cpu": parameters["predictor_cpu"], "memory": parameters["predictor_memory"]}
    wanted = read_room(asked)
    nodes = install.read("/api/v1/nodes", "the nodes") or {}
    pods = (install.read("/api/v1/pods", "every namespace's pods") or {}).get("items", [])
    text = f"{asked['cpu']} cores and {asked['memory']}"
    if any(free.holds(wanted) for free in free_rooms(nodes.get("items", []), pods)):
        yield Finding(NAME, State.OK, f"a node has {text} left for one more predictor")
        return
    yield Finding(
        NAME,
        State.WARNING,
        f"no node has {text} left: a new version's pod starts beside the one that serves and would "
        "wait for room",
        "set a smaller predictor_cpu or predictor_memory, free a node, or add one",
    )


def free_rooms(nodes: list[Object], pods: list[Object]) -> Iterator[Room]:
    """Yield what the pods leave of each node that takes new ones."""
    for node in nodes:
        spec = node.get("spec", {})
        if spec.get("unschedulable"):
            continue
        free = read_room(node["status"].get("allocatable", {}))
        for pod in pods:
            is_here = pod["spec"].get("nodeName") == node["metadata"]["name"]
            if is_here and pod.get("status", {}).get("phase") not in _ENDED:
                free = free.less(_requested(pod))
        yield free


def read_room(resources: Mapping[str, Any]) -> Room:
    """Read `cpu` and `memory` as Kubernetes writes them; what is not named is 0."""
    return Room(_number(resources.get("cpu", 0)), _number(resources.get("memory", 0)))


def _requested(pod: Object) -> Room:
    rooms = [
        read_room(container.get("resources", {}).get("requests") or {})
        for container in pod["spec"].get("containers", [])
    ]
    return Room(sum(room.cpu for room in rooms), sum(room.memory for room in rooms))


def _number(quantity: Any) -> float:
    match = _QUANTITY.fullmatch(str(quantity))
    return float(match[1]) * _FACTORS.get(match[2], 0.0) if match else 0.0
