"""The state of a service in the cluster at one moment."""

from dataclasses import dataclass, field

from viewfinder_components.deployment.kserve.applied import read_applied
from viewfinder_components.deployment.kserve.apply import read_service
from viewfinder_components.deployment.kserve.kserve_version import Mode, read_mode
from viewfinder_components.deployment.kubernetes.cluster import Cluster, Object

_APPS = "/apis/apps/v1"
_KNATIVE = "/apis/serving.knative.dev/v1"
_CORE = "/api/v1"
_LABEL = "serving.kserve.io/inferenceservice"


@dataclass(frozen=True)
class Observation:
    """The objects of one InferenceService, read one at a time."""

    service: Object
    """The InferenceService; empty if it is gone."""

    deployment: Object
    """The predictor's Deployment, with Knative the newest revision's; empty until it is created."""

    replica_sets: list[Object]
    """The Deployment's ReplicaSets, one for every template it has had."""

    pods: list[Object]
    """The predictor's pods, of every version, including those that are terminating."""

    knative_service: Object = field(default_factory=dict)
    """The predictor's Knative Service; empty before KServe creates it, and in mode Standard."""

    revisions: list[Object] = field(default_factory=list)
    """The Knative Service's revisions."""

    def newest_revision(self) -> Object:
        """Return the newest Knative revision, empty if there is none."""
        name = self.knative_service.get("status", {}).get("latestCreatedRevisionName")
        return self.revision(name)

    def revision(self, name: str | None) -> Object:
        """Return a revision by name, empty if there is none of that name."""
        return next((one for one in self.revisions if one["metadata"]["name"] == name), {})

    def new_pods(self, applied: str) -> list[Object]:
        """Return the pods of one deployment that are not terminating."""
        return [pod for pod in self.pods if read_applied(pod) == applied and not is_ending(pod)]

    def old_serving(self, applied: str) -> list[Object]:
        """Return the predictor's pods of other deployments that may still answer requests.

        A Deployment does not count terminating pods, but requests still reach them for a moment.
        A pod lost with its node is not ready, and is not waited for.
        """
        return [
            pod
            for pod in self.pods
            if read_applied(pod) != applied
            and pod["metadata"].get("labels", {}).get("component") == "predictor"
            and is_ready(pod)
        ]

    def condition(self, kind: str) -> Object:
        """Return a condition of the InferenceService, empty if it has none of that type."""
        return find_condition(self.service, kind)


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
    """Return the Knative Service of an InferenceService's predictor; empty if there is none."""
    return cluster.get(cluster.path(_KNATIVE, "services", f"{name}-predictor")) or {}


def _revisions(cluster: Cluster, name: str) -> list[Object]:
    selector = f"serving.knative.dev/service={name}-predictor"
    return cluster.list(cluster.path(_KNATIVE, "revisions"), labelSelector=selector)


def find_condition(found: Object, kind: str) -> Object:
    """Return the condition of one type in an object's status, empty if there is none."""
    conditions = found.get("status", {}).get("conditions") or []
    return next((condition for condition in conditions if condition["type"] == kind), {})


def is_ready(pod: Object) -> bool:
    """Whether a pod accepts requests."""
    return find_condition(pod, "Ready").get("status") == "True"


def is_ending(pod: Object) -> bool:
    """Whether a pod is terminating."""
    return bool(pod["metadata"].get("deletionTimestamp"))


def traffic_of(seen: Observation) -> list[str]:
    """Return the names of the revisions that receive requests."""
    targets = seen.knative_service.get("status", {}).get("traffic") or []
    return sorted({str(one["revisionName"]) for one in targets if one.get("percent")})
