"""Ask the service about real test photos: the new version, and the evaluation's answers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from viewfinder_components.checking.measure import Parity, compare_answers
from viewfinder_components.checking.samples import Samples
from viewfinder_components.deployment.cluster import Cluster, Object
from viewfinder_components.errors import PermanentError, TransientError

# Routes through a service change within a second or two of the pods behind it, and within half a
# minute after the API server was away; so many answers in a row, each on a connection of its own,
# show that they have.
_IN_A_ROW = 3
_SETTLE_SECONDS = 60.0
_ASK_SECONDS = 5.0
_TRIES = 3
_NEVER_KEPT = httpx.Limits(max_keepalive_connections=0)


@dataclass(frozen=True)
class Route:
    """A way to a service."""

    client: httpx.Client
    """With the base URL; no connection is kept."""

    name: str
    """The model's name in the URLs, which is the service's."""

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
        raise TransientError(
            "an address in the InferenceService's status", "none", "run the step again"
        )
    return str(url).rstrip("/")


@contextmanager
def open_route(cluster: Cluster, service: Object) -> Iterator[Route]:
    """Open the way to a service that is possible from here.

    In a pod it is the service's own address. From outside, a laptop with a kubeconfig, it goes
    through the API server, which needs the permission to `create` and `get` `services/proxy`: the
    cluster role `edit` has it.
    """
    name = str(service["metadata"]["name"])
    if cluster.inside:
        client = httpx.Client(base_url=endpoint_of(service), limits=_NEVER_KEPT, trust_env=False)
    else:
        client = cluster.open_http(
            cluster.path("/api/v1", "services", f"http:{name}-predictor:80") + "/proxy",
            _NEVER_KEPT,
        )
    with client:
        yield Route(client, name)


def need_version(route: Route, version: int, deadline: float) -> None:
    """Wait until the service answers with a version, and with no other.

    Args:
        route: The way to it.
        version: The version's number.
        deadline: On the monotonic clock, in seconds.

    Raises:
        TransientError: It still answers with another, or not at all.
    """
    deadline = min(deadline, time.monotonic() + _SETTLE_SECONDS)
    right, received = 0, ""
    while right < _IN_A_ROW:
        found = _ask_version(route)
        right = right + 1 if found == str(version) else 0
        received = received if right else found
        if not right:
            if time.monotonic() >= deadline:
                raise TransientError(
                    f"version {version} from the service {route.name}",
                    received,
                    "run the step again; see whether other pods carry the service's labels",
                )
            time.sleep(0.3)


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
            f"answers to {len(samples.photos)} test photos",
            f"{len(parity.failures)} failures: {'; '.join(parity.failures[:3])}",
            "see the predictor's log, and run the step again",
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
            f"{tolerance:g}, on {parity.compared} photos"
        )
    if parity.other_labels:
        return f"other labels for {', '.join(parity.other_labels[:3])}"
    return ""


def _ask_version(route: Route) -> str:
    """Return the version that the service reports, or why it does not."""
    try:
        answer = route.client.get(f"/v2/models/{route.name}", timeout=_ASK_SECONDS)
        if answer.status_code == httpx.codes.NOT_FOUND:  # TensorFlow Serving only knows V1
            answer = route.client.get(f"/v1/models/{route.name}", timeout=_ASK_SECONDS)
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
