"""What the cluster says about a service at one moment."""

from dataclasses import dataclass, field
from typing import Any

from viewfinder_components.deployment.apply import read_applied, read_service
from viewfinder_components.deployment.cluster import Cluster, Object
from viewfinder_components.deployment.kserve_version import Mode

_APPS = "/apis/apps/v1"
_CORE = "/api/v1"
_LABEL = "serving.kserve.io/inferenceservice"


@dataclass(frozen=True)
class Observation:
    """The objects of one InferenceService, read one after the other."""

    service: Object
    """The InferenceService; empty when it is gone."""

    deployment: Object
    """The predictor's Deployment; empty before KServe makes it, and with Knative."""

    replica_sets: list[Object]
    """The Deployment's, one for every template it has had."""

    pods: list[Object]
    """The predictor's pods, of every version, those that are ending included."""

    def new_pods(self, applied: str) -> list[Object]:
        """Return the pods of one deployment that are not about to end."""
        return [pod for pod in self.pods if read_applied(pod) == applied and not is_ending(pod)]

    def old_serving(self, applied: str) -> list[Object]:
        """Return the predictor's pods of other deployments that may still answer.

        A Deployment does not count pods that are ending, but for a moment requests still reach
        them. One that was lost with its node is not ready, and nobody waits for it.
        """
        return [
            pod
            for pod in self.pods
            if read_applied(pod) != applied
            and pod["metadata"].get("labels", {}).get("component") == "predictor"
            and find_condition(pod, "Ready").get("status") == "True"
        ]

    def condition(self, kind: str) -> Object:
        """Return a condition of the InferenceService, empty when it has none of that kind."""
        return find_condition(self.service, kind)


@dataclass(frozen=True)
class Progress:
    """How far a deployment has come."""

    done: bool
    """Whether the new pods serve, and nothing else does."""

    sentence: str
    """What is still waited for."""

    details: dict[str, Any] = field(default_factory=dict)


def observe(cluster: Cluster, name: str) -> Observation:
    """Read the objects of a service.

    Raises:
        PermanentError: Reading one of them is not permitted.
        TransientError: The API server does not answer.
    """
    selector = {"labelSelector": f"{_LABEL}={name}"}
    return Observation(
        read_service(cluster, name) or {},
        cluster.get(cluster.path(_APPS, "deployments", f"{name}-predictor")) or {},
        cluster.list(cluster.path(_APPS, "replicasets"), **selector),
        cluster.list(cluster.path(_CORE, "pods"), **selector),
    )


def find_condition(found: Object, kind: str) -> Object:
    """Return the condition of one type in an object's status, empty when there is none."""
    conditions = found.get("status", {}).get("conditions") or []
    return next((condition for condition in conditions if condition["type"] == kind), {})


def is_ending(pod: Object) -> bool:
    """Whether a pod was told to end."""
    return bool(pod["metadata"].get("deletionTimestamp"))


def measure_progress(seen: Observation, applied: str, mode: Mode) -> Progress:
    """Say whether the deployment that left the annotation `applied` is all that serves.

    The InferenceService's own Ready is not enough: while new pods start or fail, it is true for the
    old ones' sake, and its `observedGeneration` is the Deployment's.
    """
    if not seen.service:
        return Progress(False, "the InferenceService to be there again")
    progress = _knative(seen) if mode is Mode.KNATIVE else _standard(seen, applied)
    ready = seen.condition("Ready")
    if progress.done and ready.get("status") != "True":
        return Progress(False, f"the InferenceService to be Ready ({describe_conditions(seen)})")
    return progress


def describe_conditions(seen: Observation) -> str:
    """Say which of the InferenceService's conditions are not true, and why."""
    conditions = seen.service.get("status", {}).get("conditions") or []
    words = [
        f"{condition['type']} is {condition['status']}: "
        f"{condition.get('message') or condition.get('reason') or 'no reason given'}"
        for condition in conditions
        if condition["status"] != "True" and condition["type"] != "Stopped"
    ]
    return "; ".join(words) or "it has no conditions yet"


def _standard(seen: Observation, applied: str) -> Progress:
    deployment = seen.deployment
    if read_applied(deployment.get("spec", {}).get("template")) != applied:
        return Progress(False, "KServe's controller to write the Deployment")
    status, wanted = deployment.get("status", {}), deployment["spec"].get("replicas", 1)
    if status.get("observedGeneration", 0) < deployment["metadata"]["generation"]:
        return Progress(False, "the Deployment to be taken up")
    updated, total = status.get("updatedReplicas", 0), status.get("replicas", 0)
    available = status.get("availableReplicas", 0)
    if updated < wanted or available < wanted:
        words = f"{updated} of {wanted} pods made, {status.get('readyReplicas', 0)} pods ready"
        return Progress(False, f"the new pods ({words})")
    if old := max(total - updated, len(seen.old_serving(applied))):
        return Progress(False, f"{old} old pods to end")
    return Progress(True, "nothing")


def _knative(seen: Observation) -> Progress:
    """Knative keeps the old revision until the new one is ready; not tried on a real one."""
    predictor = seen.service.get("status", {}).get("components", {}).get("predictor", {})
    created, ready = predictor.get("latestCreatedRevision"), predictor.get("latestReadyRevision")
    generation = seen.service["metadata"]["generation"]
    if seen.service["status"].get("observedGeneration", 0) < generation or not created:
        return Progress(False, "KServe's controller to write the revision")
    if created != ready:
        return Progress(False, f"revision {created} to be ready")
    return Progress(True, "nothing")
