"""What a pod requests of its node, and what a node has, by the scheduler's rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from viewfinder_components.deployment.kubernetes.cluster import Object


@dataclass(frozen=True)
class Room:
    """An amount of a node's resources."""

    cpu: Decimal
    """Cores."""
    memory: Decimal
    """Bytes."""
    pods: Decimal = Decimal(0)
    """How many of the pods that a kubelet runs at most; of containers none."""

    def __add__(self, other: "Room") -> "Room":
        return Room(self.cpu + other.cpu, self.memory + other.memory, self.pods + other.pods)

    def __sub__(self, other: "Room") -> "Room":
        return Room(self.cpu - other.cpu, self.memory - other.memory, self.pods - other.pods)

    def __or__(self, other: "Room") -> "Room":
        """Return the minimum that covers either."""
        return Room(
            max(self.cpu, other.cpu), max(self.memory, other.memory), max(self.pods, other.pods)
        )

    def holds(self, other: "Room") -> bool:
        """Return whether `other` fits in."""
        fits = self.cpu >= other.cpu and self.memory >= other.memory
        return fits and self.pods >= other.pods

    def times(self, other: "Room", most: int) -> int:
        """Return how often `other` fits in, counting up to `most`."""
        total, count = other, 0
        while count < most and self.holds(total):
            total, count = total + other, count + 1
        return count


NOTHING = Room(Decimal(0), Decimal(0))
ONE_POD = Room(Decimal(0), Decimal(0), Decimal(1))


def read_room(resources: Mapping[str, Any]) -> Room:
    """Read `cpu`, `memory` and `pods` in Kubernetes' notation; missing values are 0."""
    from kubernetes.utils import parse_quantity

    names = ("cpu", "memory", "pods")
    return Room(*(Decimal(parse_quantity(resources.get(name, 0))) for name in names))


def requested(pod: Object) -> Room:
    """Return what the scheduler reserves for a pod.

    Init containers run one after the other before the containers, so the largest counts; those that
    are restarted (sidecars) keep running alongside whatever starts after them. See
    https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
    """
    spec = pod["spec"]
    sidecars = starting = NOTHING
    for container in spec.get("initContainers") or []:
        if container.get("restartPolicy") == "Always":
            sidecars += _request(container)
            starting |= sidecars
        else:
            starting |= sidecars + _request(container)
    running = _total(spec.get("containers") or []) + sidecars
    overhead = read_room(spec.get("overhead") or {})
    return _override(running | starting, spec) + overhead + ONE_POD


def _override(room: Room, spec: Object) -> Room:
    """Return the whole pod's request if it has one; it overrides the containers' requests."""
    given = (spec.get("resources") or {}).get("requests") or {}
    whole = read_room(given)
    return Room(
        whole.cpu if "cpu" in given else room.cpu,
        whole.memory if "memory" in given else room.memory,
    )


def _request(container: Object) -> Room:
    return read_room((container.get("resources") or {}).get("requests") or {})


def _total(containers: Iterable[Object]) -> Room:
    return sum((_request(container) for container in containers), NOTHING)
