"""Which versions of a model a cluster serves, or would serve after a rollback."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from viewfinder_components.deployment.kserve.history import list_histories
from viewfinder_components.deployment.kserve.kserve_version import SERVING
from viewfinder_components.deployment.kubernetes.cluster import Cluster, Object
from viewfinder_components.deployment.kubernetes.namespace import need_namespace
from viewfinder_components.deployment.kubernetes.refusals import ForbiddenError
from viewfinder_components.spelling import write_command

_KNATIVE = "/apis/serving.knative.dev/v1"
# Knative labels a revision `reserve` when no traffic is sent to it, by percentage or by tag.
_ROUTED = {"labelSelector": "serving.knative.dev/routingState!=reserve"}
_ENDED = ("Succeeded", "Failed")


def find_served(cluster: Cluster, model: str) -> dict[str, str]:
    """Return the versions of a model that a namespace serves or could go back to, and why.

    Args:
        cluster: Where to look; its namespace must exist.
        model: The model's name.

    Returns:
        By the version's URI, as written in the cluster: the end of a sentence, such as `fruit in
        namespace shop serves it`.

    Raises:
        PermanentError: The namespace does not exist, or the cluster does not let us read it.
        TransientError: It does not answer.
    """
    need_namespace(cluster)
    served = name_versions(_list_serving(cluster), model)
    return {**served, **dict(_find_earlier(cluster, model))}


def find_elsewhere(cluster: Cluster, model: str) -> dict[str, str]:
    """Return what InferenceServices in all namespaces serve, as far as we may read them.

    Args:
        cluster: Where to look; its namespace does not matter.
        model: The model's name.

    Raises:
        PermanentError: The cluster refuses for a reason other than a missing permission.
        TransientError: It does not answer.
    """
    with suppress(ForbiddenError):
        return name_versions(cluster.list(f"{SERVING}/inferenceservices"), model)
    return {}


def name_versions(objects: Iterable[Object], model: str) -> dict[str, str]:
    """Return the versions of a model that any object names, and which object that is.

    Args:
        objects: As listed by the API server; a version here is named by an argument.
        model: The model's name.
    """
    names_version = re.compile(rf"(.*/)?{re.escape(model)}/[0-9]+/?").fullmatch
    found: dict[str, str] = {}
    for one in objects:
        for text in _texts(one):
            if names_version(text):
                found.setdefault(text, f"{_describe(one)} serves it")
    return found


def _list_serving(cluster: Cluster) -> Iterator[Object]:
    """Yield whatever may answer requests: an InferenceService only names the newest version.

    A service's old pods serve while its new ones start and after a rollback. With Knative a
    revision may receive requests, for example a canary's stable one, without a pod at the moment.
    """
    yield from cluster.list(cluster.path(SERVING, "inferenceservices"))
    for pod in cluster.list(cluster.path("/api/v1", "pods")):
        if pod.get("status", {}).get("phase") not in _ENDED:
            yield pod
    for replicas in cluster.list(cluster.path("/apis/apps/v1", "replicasets")):
        if replicas["spec"].get("replicas", 1):
            yield replicas
    if cluster.get(_KNATIVE) is not None:  # without Knative, listing would not be permitted
        yield from cluster.list(cluster.path(_KNATIVE, "revisions"), **_ROUTED)


def _find_earlier(cluster: Cluster, model: str) -> Iterator[tuple[str, str]]:
    """Yield the version that each service would go back to, and that it would."""
    for service, history in list_histories(cluster).items():
        for entry in history.line()[-2:-1]:
            if entry.uri.rsplit("/", 2)[-2] == model:
                yield entry.uri, f"`{write_command('rollback')}` of {service} goes back to it"


def _describe(found: Object) -> str:
    metadata = found["metadata"]
    service = (metadata.get("labels") or {}).get("serving.kserve.io/inferenceservice")
    return f"{service or metadata['name']} in namespace {metadata['namespace']}"


def _texts(value: Any) -> Iterator[str]:
    """Yield every string in JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
