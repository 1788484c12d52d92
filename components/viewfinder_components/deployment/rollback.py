"""Go back to the version that served before."""

import time
from dataclasses import dataclass

from viewfinder_components.deployment.apply import read_applied, replace_service
from viewfinder_components.deployment.cluster import Cluster, Object
from viewfinder_components.deployment.kserve_version import Mode
from viewfinder_components.deployment.observation import (
    Observation,
    measure_progress,
    observe,
    traffic_of,
)
from viewfinder_components.deployment.service import VERSION, restore_service
from viewfinder_components.errors import TransientError, ViewfinderError

_REVISION = "deployment.kubernetes.io/revision"
# Its pods never went away, so it serves at once; half a minute is for ending the failed ones, or
# for the pods of a revision of its own, which Knative makes.
_WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class Predecessor:
    """What serves while a deployment is on its way."""

    body: Object
    """The InferenceService to apply to go back to it."""

    description: str
    """What it is, such as `version 3`."""


def find_predecessor(seen: Observation, applied: str) -> Predecessor | None:
    """Find what serves beside a deployment, which may already be on its way.

    A ReplicaSet with ready pods tells what really serves, with Knative the revision that gets the
    requests; the InferenceService only what somebody last wanted, which may be a version that
    failed.

    Args:
        seen: The service before, or during, the deployment.
        applied: The deployment's annotation.

    Returns:
        None when nothing else serves.
    """
    if not seen.service:
        return None
    others = [found for found in _serving(seen) if found not in (None, applied)]
    if others:
        return _from_applied(seen.service, str(others[-1]))
    live = read_applied(seen.service)
    if live is None:
        return Predecessor(_as_found(seen.service), "the service that was adopted")
    return None


def roll_back(cluster: Cluster, predecessor: Predecessor | None, failed: str, mode: Mode) -> str:
    """Put the predecessor back, and say in a sentence what serves now.

    Args:
        cluster: Where.
        predecessor: What served before; None when nothing did.
        failed: The `APPLIED` annotation of the deployment that failed.
        mode: How KServe deploys.
    """
    if predecessor is None:
        return "no version served before it, so the failed one is left for you to look at"
    description = predecessor.description
    try:
        if not replace_service(cluster, predecessor.body, failed):
            return "somebody else has deployed meanwhile, so nothing was rolled back"
        if _serves(cluster, predecessor.body, mode):
            return f"rolled back: {description} serves as before"
        return f"rolled back to {description}, whose pods are not all ready yet"
    except ViewfinderError as error:
        return f"{description} could not be put back ({error}); run it again"


def _serves(cluster: Cluster, body: Object, mode: Mode) -> bool:
    name, applied = body["metadata"]["name"], read_applied(body)
    if applied is None:
        return False
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            if measure_progress(observe(cluster, name), applied, mode).done:
                return True
        except TransientError:
            pass  # the API server is away; the pods serve without it
        time.sleep(1)
    return False


def _serving(seen: Observation) -> list[str | None]:
    """Return what everything that serves was applied as, the newest last."""
    if seen.knative_service:  # also when it has been scaled to zero
        return [read_applied(seen.revision(name)) for name in traffic_of(seen)]
    ready = [one for one in seen.replica_sets if one.get("status", {}).get("readyReplicas")]
    return [
        read_applied(one.get("spec", {}).get("template")) for one in sorted(ready, key=_revision)
    ]


def _revision(replica_set: Object) -> int:
    annotations = replica_set["metadata"].get("annotations") or {}
    return int(annotations.get(_REVISION, 0))


def _from_applied(service: Object, applied: str) -> Predecessor:
    body = restore_service(applied, service["metadata"]["name"], service["metadata"]["namespace"])
    return Predecessor(body, f"version {body['metadata']['annotations'][VERSION]}")


def _as_found(service: Object) -> Object:
    """Return somebody else's service without our fields: applying it gives them back."""
    metadata = {key: service["metadata"][key] for key in ("name", "namespace")}
    return {
        "apiVersion": service["apiVersion"],
        "kind": service["kind"],
        "metadata": metadata,
        "spec": service["spec"],
    }
