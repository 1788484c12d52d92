"""Ask the service about real test photos: the new version, and the evaluation's answers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from viewfinder_components.deployment.cluster import Cluster, Object
from viewfinder_components.deployment.kserve_version import Mode, read_mode
from viewfinder_components.deployment.observation import is_ending, read_knative_service
from viewfinder_components.errors import PermanentError, TransientError
from viewfinder_components.formats.samples import Samples
from viewfinder_components.parity import Parity, compare_answers
from viewfinder_components.reports.formatting import plural

# Routes through a service change within a second or two of the pods behind it, and within half a
# minute after the API server was away; so many answers in a row, each on a connection of its own,
# show that they have.
_IN_A_ROW = 3
_SETTLE_SECONDS = 60.0
_ASK_SECONDS = 5.0
# Knative keeps a request until a pod has been started for it.
_START_SECONDS = 60.0
_TRIES = 3
_NEVER_KEPT = httpx.Limits(max_keepalive_connections=0)


@dataclass(frozen=True)
class Route:
    """A way to a service."""

    client: httpx.Client
    """With the base URL; no connection is kept."""

    name: str
    """The model's name in the URLs, which is the service's."""

    ask_seconds: float = _ASK_SECONDS
    """How long to wait for an answer, in seconds."""

    @property
    def predict_path(self) -> str:
        """The V1 predict URL's path."""
        return f"/v1/models/{self.name}:predict"


def endpoint_of(service: Object) -> str:
    """Return the URL of a service inside the cluster.

    Raises:
        TransientError: KServe has not written one.
    """
    status = service.get("status", {})
    url = (status.get("address") or {}).get("url") or status.get("url")
    if not url:
        raise TransientError("an address in the InferenceService's status", "none", "run it again")
    return str(url).rstrip("/")


@contextmanager
def open_route(cluster: Cluster, service: Object) -> Iterator[Route]:
    """Open the way to a service that is possible from here.

    In a pod it is the service's own address. From outside, a laptop with a kubeconfig, it goes
    through the API server, which needs the permission to `create` and `get` `services/proxy`: the
    cluster role `edit` has it. With Knative it then leads to the pods of the revision that serves,
    past the ingress; when that is scaled to zero, to the service's public address.

    Raises:
        TransientError: KServe or Knative has not written an address.
    """
    name = str(service["metadata"]["name"])
    is_knative = read_mode(service) is Mode.KNATIVE
    if cluster.inside:
        client = _open(endpoint_of(service))
    elif not is_knative:
        client = _open_proxy(cluster, f"{name}-predictor")
    else:
        revision = _serving_revision(cluster, name)
        selector = f"serving.knative.dev/revision={revision}"
        pods = cluster.list(cluster.path("/api/v1", "pods"), labelSelector=selector)
        has_pods = not all(is_ending(pod) for pod in pods)
        # The other Service of a revision may lead to Knative's activator, in a namespace to which
        # the API server does not forward.
        client = (
            _open_proxy(cluster, f"{revision}-private") if has_pods else _open(_public_url(service))
        )
    with client:
        yield Route(client, name, _START_SECONDS if is_knative else _ASK_SECONDS)


def _public_url(service: Object) -> str:
    url = service.get("status", {}).get("url")
    if not url:
        raise TransientError("an address in the InferenceService's status", "none", "run it again")
    return str(url)


def _open(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, limits=_NEVER_KEPT, trust_env=False)


def _open_proxy(cluster: Cluster, target: str) -> httpx.Client:
    path = cluster.path("/api/v1", "services", f"http:{target}:80") + "/proxy"
    return cluster.open_http(path, _NEVER_KEPT)


def _serving_revision(cluster: Cluster, name: str) -> str:
    status = read_knative_service(cluster, name).get("status", {})
    if not (revision := status.get("latestReadyRevisionName")):
        raise TransientError(
            f"a ready revision of the Knative Service {name}-predictor", "none", "run it again"
        )
    return str(revision)


def need_version(route: Route, version: int, deadline: float) -> float:
    """Wait until the service answers with a version, and with no other.

    Args:
        route: The way to it.
        version: The version's number.
        deadline: On the monotonic clock, in seconds.

    Returns:
        The seconds until its first answer, which include the start of a pod where there was none.

    Raises:
        TransientError: It still answers with another, or not at all.
    """
    started = time.monotonic()
    deadline = min(deadline, started + _SETTLE_SECONDS + route.ask_seconds)
    right, received, first = 0, "", 0.0
    while right < _IN_A_ROW:
        found = _ask_version(route)
        right = right + 1 if found == str(version) else 0
        first = first or (time.monotonic() - started if right else 0.0)
        received = received if right else found
        if not right:
            if time.monotonic() >= deadline:
                raise TransientError(
                    f"version {version} from the service {route.name}",
                    received,
                    "run it again; see whether other pods carry the service's labels",
                )
            time.sleep(0.3)
    return first


def need_answers(route: Route, samples: Samples, tolerance: float) -> Parity:
    """Send the sample photos and hold the answers to the evaluation's.

    Args:
        route: The way to the service.
        samples: The photos and their probabilities.
        tolerance: Largest difference of a probability, 0 to 1.

    Raises:
        PermanentError: The answers differ.
        TransientError: Photos were not answered, several times over.
    """
    for _ in range(_TRIES):
        parity = compare_answers(route.client, route.predict_path, samples.photos, tolerance)
        if not parity.failures:
            break
        time.sleep(1)
    else:
        raise TransientError(
            f"answers to {plural(len(samples.photos), 'test photo')}",
            f"{len(parity.failures)} failures: {'; '.join(parity.failures[:3])}",
            "see the predictor's log, and run it again",
        )
    problem = _find_difference(parity, samples, tolerance)
    if problem:
        raise PermanentError(
            "the service to answer the test photos as the evaluation did",
            problem,
            "see whether this evaluation and this version come from the same run",
        )
    return parity


def _find_difference(parity: Parity, samples: Samples, tolerance: float) -> str:
    if not parity.compared:
        return "only photos above the predictor's limits, so that none could be compared"
    if parity.labels != samples.labels:
        return f"the labels {list(parity.labels)} instead of {list(samples.labels)}"
    if parity.max_difference > tolerance:
        return (
            f"probabilities that differ by up to {parity.max_difference:.4g}, with a tolerance of "
            f"{tolerance:g}, on {plural(parity.compared, 'photo')}"
        )
    if parity.other_labels:
        return f"other labels for {', '.join(parity.other_labels[:3])}"
    return ""


def _ask_version(route: Route) -> str:
    """Return the version that the service reports, or why it does not."""
    try:
        answer = route.client.get(f"/v2/models/{route.name}", timeout=route.ask_seconds)
        if answer.status_code == httpx.codes.NOT_FOUND:  # TensorFlow Serving only knows V1
            answer = route.client.get(f"/v1/models/{route.name}", timeout=route.ask_seconds)
    except httpx.TransportError as error:
        return f"{type(error).__name__}: {error}"
    if answer.status_code == httpx.codes.FORBIDDEN:
        raise PermanentError(
            f"permission to ask the service {route.name}",
            f"HTTP 403: {answer.text[:300]}",
            "from outside the cluster, let this user create and get services/proxy (the cluster "
            "role `edit` does); inside, see the mesh's AuthorizationPolicy",
        )
    if answer.status_code != httpx.codes.OK:
        return f"HTTP {answer.status_code}: {answer.text[:200]}"
    return _read_version(answer) or f"no version: {answer.text[:200]}"


def _read_version(answer: httpx.Response) -> str:
    try:
        record = answer.json()
        if "model_version_status" in record:
            return str(record["model_version_status"][0]["version"])
        return str(record["versions"][0])
    except (ValueError, LookupError, TypeError):
        return ""
