"""How far a deployment has progressed, in each of KServe's modes."""

from dataclasses import dataclass

from viewfinder_components.deployment.kserve.applied import read_applied
from viewfinder_components.deployment.kserve.kserve_version import Mode
from viewfinder_components.deployment.kserve.observation.conditions import (
    describe_revision,
    describe_service,
)
from viewfinder_components.deployment.kserve.observation.observe import (
    Observation,
    find_condition,
    is_ready,
    traffic_of,
)
from viewfinder_components.reports.formatting import plural


@dataclass(frozen=True)
class RolloutProgress:
    """How far a deployment has progressed."""

    done: bool
    """Whether the new pods serve, and nothing else does."""

    sentence: str
    """What the deployment is still waiting for."""

    detail: str = ""
    """The controllers' explanation; of no interest once it is known what is wrong."""


def measure_progress(seen: Observation, applied: str, mode: Mode) -> RolloutProgress:
    """Determine whether the deployment that wrote the annotation `applied` is all that serves.

    The InferenceService's own Ready is not enough: while new pods start or fail, it is true because
    of the old ones, and its `observedGeneration` is the Deployment's.
    """
    if not seen.service:
        return RolloutProgress(False, "the InferenceService to be there again")
    progress = _knative(seen, applied) if mode is Mode.KNATIVE else _standard(seen, applied)
    ready = seen.condition("Ready")
    if progress.done and ready.get("status") != "True":
        return RolloutProgress(
            False, "the InferenceService to be Ready", describe_service(seen.service)
        )
    return progress


def _standard(seen: Observation, applied: str) -> RolloutProgress:
    deployment = seen.deployment
    if read_applied(deployment.get("spec", {}).get("template")) != applied:
        return RolloutProgress(False, "KServe's controller to create the Deployment")
    status, wanted = deployment.get("status", {}), deployment["spec"].get("replicas", 1)
    if status.get("observedGeneration", 0) < deployment["metadata"]["generation"]:
        return RolloutProgress(False, "the Deployment to be processed")
    updated, total = status.get("updatedReplicas", 0), status.get("replicas", 0)
    # The Deployment's own counts of ready and available pods include the old ones.
    ready = sum(is_ready(pod) for pod in seen.new_pods(applied))
    if min(updated, ready, status.get("availableReplicas", 0)) < wanted:
        return RolloutProgress(False, f"new pods to be ready ({ready} of {wanted} are)")
    if old := max(total - updated, len(seen.old_serving(applied))):
        return RolloutProgress(False, f"{plural(old, 'old pod')} to terminate")
    return RolloutProgress(True, "nothing")


def _knative(seen: Observation, applied: str) -> RolloutProgress:
    """Knative moves the requests once a revision is ready; until then they go to the previous one.

    Pods of older revisions remain for a while, but receive no requests.
    """
    found, revision = seen.knative_service, seen.newest_revision()
    if read_applied(found.get("spec", {}).get("template")) != applied:
        return RolloutProgress(False, "KServe's controller to create the Knative Service")
    status, name = found.get("status", {}), revision.get("metadata", {}).get("name")
    taken_up = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
    if not taken_up or read_applied(revision) != applied:
        return RolloutProgress(False, "Knative's controller to create the revision")
    if status.get("latestReadyRevisionName") != name:
        return RolloutProgress(False, f"revision {name} to be ready", describe_revision(revision))
    if find_condition(found, "RoutesReady").get("status") != "True" or traffic_of(seen) != [name]:
        return RolloutProgress(False, f"the requests to go to revision {name}")
    return RolloutProgress(True, "nothing")
