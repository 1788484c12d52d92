"""What the cluster says about a service at one moment."""

from dataclasses import dataclass, field

from viewfinder_components.deployment.apply import read_applied, read_service
from viewfinder_components.deployment.cluster import Cluster, Object
from viewfinder_components.deployment.conditions import describe_revision, describe_service
from viewfinder_components.deployment.kserve_version import Mode, read_mode
from viewfinder_components.reports.formatting import plural

_APPS = "/apis/apps/v1"
_KNATIVE = "/apis/serving.knative.dev/v1"
_CORE = "/api/v1"
_LABEL = "serving.kserve.io/inferenceservice"


@dataclass(frozen=True)
class Observation:
    """The objects of one InferenceService, read one after the other."""

    service: Object
    """The InferenceService; empty when it is gone."""

    deployment: Object
    """The predictor's Deployment, with Knative the newest revision's; empty before it is made."""

    replica_sets: list[Object]
    """The Deployment's, one for every template it has had."""

    pods: list[Object]
    """The predictor's pods, of every version, those that are ending included."""

    knative_service: Object = field(default_factory=dict)
    """The predictor's Knative Service; empty before KServe makes it, and in mode Standard."""

    revisions: list[Object] = field(default_factory=list)
    """The Knative Service's revisions."""

    def newest_revision(self) -> Object:
        """Return the revision that Knative made last, empty when there is none."""
        name = self.knative_service.get("status", {}).get("latestCreatedRevisionName")
        return self.revision(name)

    def revision(self, name: str | None) -> Object:
        """Return a revision by its name, empty when there is none of this name."""
        return next((one for one in self.revisions if one["metadata"]["name"] == name), {})

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
            and is_ready(pod)
        ]

    def condition(self, kind: str) -> Object:
        """Return a condition of the InferenceService, empty when it has none of that kind."""
        return find_condition(self.service, kind)


@dataclass(frozen=True)
class RolloutProgress:
    """How far a deployment has come."""

    done: bool
    """Whether the new pods serve, and nothing else does."""

    sentence: str
    """What is still waited for."""

    detail: str = ""
    """What the controllers say of it; of no interest once it is known what is wrong."""


def observe(cluster: Cluster, name: str) -> Observation:
    """Read the objects of a service.

    Raises:
        PermanentError: Reading one of them is not permitted.
        TransientError: The API server does not answer.
    """
    service = read_service(cluster, name) or {}
    selector = {"labelSelector": f"{_LABEL}={name}"}
    workload, knative_service, revisions = f"{name}-predictor", {}, []
    if read_mode(service) is Mode.KNATIVE:
        knative_service, revisions = read_knative_service(cluster, name), _revisions(cluster, name)
        created = knative_service.get("status", {}).get("latestCreatedRevisionName", name)
        workload = f"{created}-deployment"
    return Observation(
        service,
        cluster.get(cluster.path(_APPS, "deployments", workload)) or {},
        cluster.list(cluster.path(_APPS, "replicasets"), **selector),
        cluster.list(cluster.path(_CORE, "pods"), **selector),
        knative_service,
        revisions,
    )


def read_knative_service(cluster: Cluster, name: str) -> Object:
    """Return the Knative Service of an InferenceService's predictor; empty when there is none."""
    return cluster.get(cluster.path(_KNATIVE, "services", f"{name}-predictor")) or {}


def _revisions(cluster: Cluster, name: str) -> list[Object]:
    selector = f"serving.knative.dev/service={name}-predictor"
    return cluster.list(cluster.path(_KNATIVE, "revisions"), labelSelector=selector)


def find_condition(found: Object, kind: str) -> Object:
    """Return the condition of one type in an object's status, empty when there is none."""
    conditions = found.get("status", {}).get("conditions") or []
    return next((condition for condition in conditions if condition["type"] == kind), {})


def is_ready(pod: Object) -> bool:
    """Whether a pod takes requests."""
    return find_condition(pod, "Ready").get("status") == "True"


def is_ending(pod: Object) -> bool:
    """Whether a pod was told to end."""
    return bool(pod["metadata"].get("deletionTimestamp"))


def measure_progress(seen: Observation, applied: str, mode: Mode) -> RolloutProgress:
    """Say whether the deployment that left the annotation `applied` is all that serves.

    The InferenceService's own Ready is not enough: while new pods start or fail, it is true for the
    old ones' sake, and its `observedGeneration` is the Deployment's.
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
        return RolloutProgress(False, "KServe's controller to write the Deployment")
    status, wanted = deployment.get("status", {}), deployment["spec"].get("replicas", 1)
    if status.get("observedGeneration", 0) < deployment["metadata"]["generation"]:
        return RolloutProgress(False, "the Deployment to be taken up")
    updated, total = status.get("updatedReplicas", 0), status.get("replicas", 0)
    # The Deployment's own counts of ready and available pods include the old ones.
    ready = sum(is_ready(pod) for pod in seen.new_pods(applied))
    if min(updated, ready, status.get("availableReplicas", 0)) < wanted:
        return RolloutProgress(False, f"new pods to be ready ({ready} of {wanted} are)")
    if old := max(total - updated, len(seen.old_serving(applied))):
        return RolloutProgress(False, f"{plural(old, 'old pod')} to end")
    return RolloutProgress(True, "nothing")


def _knative(seen: Observation, applied: str) -> RolloutProgress:
    """Knative moves the requests once a revision is ready; until then the one before has them.

    Pods of older revisions stay for a while after that, and get no request.
    """
    found, revision = seen.knative_service, seen.newest_revision()
    if read_applied(found.get("spec", {}).get("template")) != applied:
        return RolloutProgress(False, "KServe's controller to write the Knative Service")
    status, name = found.get("status", {}), revision.get("metadata", {}).get("name")
    taken_up = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
    if not taken_up or read_applied(revision) != applied:
        return RolloutProgress(False, "Knative's controller to make the revision")
    if status.get("latestReadyRevisionName") != name:
        return RolloutProgress(False, f"revision {name} to be ready", describe_revision(revision))
    if find_condition(found, "RoutesReady").get("status") != "True" or traffic_of(seen) != [name]:
        return RolloutProgress(False, f"the requests to go to revision {name}")
    return RolloutProgress(True, "nothing")


def traffic_of(seen: Observation) -> list[str]:
    """Return the names of the revisions that get requests."""
    targets = seen.knative_service.get("status", {}).get("traffic") or []
    return sorted({str(one["revisionName"]) for one in targets if one.get("percent")})
