"""What a pod asks of its node, and what a node has, as the scheduler adds it up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from viewfinder_components.deployment.cluster import Object


@dataclass(frozen=True)
class Room:
    """An amount of a node."""

    cpu: Decimal
    """Cores."""
    memory: Decimal
    """Bytes."""

    def __add__(self, other: "Room") -> "Room":
        return Room(self.cpu + other.cpu, self.memory + other.memory)

    def __sub__(self, other: "Room") -> "Room":
        return Room(self.cpu - other.cpu, self.memory - other.memory)

    def __or__(self, other: "Room") -> "Room":
        """Return the least that holds either."""
        return Room(max(self.cpu, other.cpu), max(self.memory, other.memory))

    def holds(self, other: "Room") -> bool:
        """Return whether `other` fits in."""
        return self.cpu >= other.cpu and self.memory >= other.memory

    def times(self, other: "Room", most: int) -> int:
        """Return how often `other` fits in, counted up to `most`."""
        total, count = other, 0
        while count < most and self.holds(total):
            total, count = total + other, count + 1
        return count


NOTHING = Room(Decimal(0), Decimal(0))


def read_room(resources: Mapping[str, Any]) -> Room:
    """Read `cpu` and `memory` as Kubernetes writes them; what is not named is 0."""
    from kubernetes.utils import parse_quantity

    return Room(*(Decimal(parse_quantity(resources.get(name, 0))) for name in ("cpu", "memory")))


def requested(pod: Object) -> Room:
    """Return what the scheduler keeps free for a pod.

    Init containers run one after the other before the containers, so the largest counts; those that
    are restarted (sidecars) go on beside whatever starts after them. See
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
    return _override(running | starting, spec) + overhead


def _override(room: Room, spec: Object) -> Room:
    """Return what the whole pod asks for where it says so; it wins over what containers ask."""
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
