"""The way to an InferenceService that works from here."""

import httpx

from viewfinder_components.bearer_token import OWN_HEADER, find_own_token
from viewfinder_components.deployment.kserve.kserve_version import Mode, read_mode
from viewfinder_components.deployment.kserve.observation.observe import (
    is_ending,
    read_knative_service,
)
from viewfinder_components.deployment.kubernetes.cluster import Cluster, Object
from viewfinder_components.deployment.route import NEVER_KEPT, Route
from viewfinder_components.errors import TransientError

_ASK_SECONDS = 5.0
# Knative holds a request until a pod has been started for it.
_START_SECONDS = 60.0
_IF_FORBIDDEN = (
    "outside the cluster, allow this user to create and get services/proxy (the cluster role "
    "`edit` does); inside, see the mesh's AuthorizationPolicy"
)
_IF_OTHERS_ANSWER = "try again; check whether other pods have the service's labels"


def find_route(cluster: Cluster, service: Object) -> Route:
    """Find the way to a service.

    In a pod it is the service's own address. Outside, as on a laptop with a kubeconfig, it goes
    through the API server, which needs permission to `create` and `get` `services/proxy`: the
    cluster role `edit` has it. With Knative it then leads to the pods of the revision that serves,
    past the ingress; if that revision is scaled to zero, to the service's public address.

    Raises:
        UsageError: An environment variable gives something that is no token.
        TransientError: KServe or Knative has not written an address.
    """
    is_knative = read_mode(service) is Mode.KNATIVE
    endpoint, name = _read_endpoint(service), str(service["metadata"]["name"])
    if cluster.inside:
        client = _open(endpoint)
    elif is_knative:
        client = _open_revision(cluster, service, name)
    else:
        client = _open_proxy(cluster, f"{name}-predictor")
    if token := find_own_token():
        # Not the usual header: there the API server expects its own credentials, and passes
        # nothing on.
        client.headers[OWN_HEADER] = f"Bearer {token}"
    seconds = _START_SECONDS if is_knative else _ASK_SECONDS
    return Route(client, name, endpoint, seconds, _IF_FORBIDDEN, _IF_OTHERS_ANSWER)


def _read_endpoint(service: Object) -> str:
    """Return the URL of a service inside the cluster."""
    address = service.get("status", {}).get("address") or {}
    return (address.get("url") or _read_public_url(service)).rstrip("/")


def _read_public_url(service: Object) -> str:
    url = service.get("status", {}).get("url")
    if not url:
        raise TransientError("an address in the InferenceService's status", "none", "try again")
    return str(url)


def _open(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, limits=NEVER_KEPT, trust_env=False)


def _open_proxy(cluster: Cluster, name: str) -> httpx.Client:
    path = cluster.path("/api/v1", "services", f"http:{name}:80") + "/proxy"
    return cluster.open_http(path, NEVER_KEPT)


def _open_revision(cluster: Cluster, service: Object, name: str) -> httpx.Client:
    revision = _find_serving_revision(cluster, name)
    selector = f"serving.knative.dev/revision={revision}"
    pods = cluster.list(cluster.path("/api/v1", "pods"), labelSelector=selector)
    if all(is_ending(pod) for pod in pods):
        return _open(_read_public_url(service))
    # The revision's other Service may lead to Knative's activator, in a namespace to which the
    # API server does not forward.
    return _open_proxy(cluster, f"{revision}-private")


def _find_serving_revision(cluster: Cluster, name: str) -> str:
    status = read_knative_service(cluster, name).get("status", {})
    if not (revision := status.get("latestReadyRevisionName")):
        raise TransientError(
            f"a ready revision of the Knative Service {name}-predictor", "none", "try again"
        )
    return str(revision)
