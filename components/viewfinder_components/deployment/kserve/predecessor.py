"""What serves while a deployment is in progress, and how to go back to it."""

import time
from dataclasses import dataclass

from viewfinder_components.deployment.kserve.applied import read_applied
from viewfinder_components.deployment.kserve.apply import replace_service
from viewfinder_components.deployment.kserve.kserve_version import Mode
from viewfinder_components.deployment.kserve.observation.observe import (
    Observation,
    observe,
    traffic_of,
)
from viewfinder_components.deployment.kserve.observation.progress import measure_progress
from viewfinder_components.deployment.kserve.service import VERSION, restore_service
from viewfinder_components.deployment.kubernetes.cluster import Cluster, Object
from viewfinder_components.deployment.target import Restored
from viewfinder_components.errors import TransientError

_REVISION = "deployment.kubernetes.io/revision"
# Its pods never went away, so it serves at once; half a minute is for terminating the failed ones,
# or for the pods of the new revision that Knative creates.
_WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class Predecessor:
    """What serves while a deployment is in progress."""

    body: Object
    """The InferenceService to apply when going back to it."""

    description: str
    """Its name, such as `version 3`."""


def find_predecessor(seen: Observation, applied: str) -> Predecessor | None:
    """Find what serves besides a deployment, which may already be in progress.

    A ReplicaSet with ready pods shows what is serving, with Knative the revision that gets the
    requests; the InferenceService only shows what was last requested, which may be a version that
    failed.

    Args:
        seen: The service before or during the deployment.
        applied: The deployment's annotation.

    Returns:
        None if nothing else serves.
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


def put_back(cluster: Cluster, predecessor: Predecessor, failed: str, mode: Mode) -> Restored:
    """Restore the predecessor, unless somebody else has deployed meanwhile.

    Args:
        cluster: Where the service runs.
        predecessor: What served before.
        failed: The `APPLIED` annotation of the deployment that failed.
        mode: How KServe deploys.

    Raises:
        PermanentError: The cluster refuses it.
        TransientError: The API server does not answer.
    """
    if not replace_service(cluster, predecessor.body, failed):
        return Restored.SUPERSEDED
    serves = _serves(cluster, predecessor.body, mode)
    return Restored.SERVES if serves else Restored.STARTS


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
            pass  # the API server is unavailable; the pods serve without it
        time.sleep(1)
    return False


def _serving(seen: Observation) -> list[str | None]:
    """Return the `APPLIED` annotations of everything that serves, newest last."""
    if seen.knative_service:  # even if it has been scaled to zero
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
    """Return somebody else's service without our fields: applying it releases them."""
    metadata = {key: service["metadata"][key] for key in ("name", "namespace")}
    return {
        "apiVersion": service["apiVersion"],
        "kind": service["kind"],
        "metadata": metadata,
        "spec": service["spec"],
    }
