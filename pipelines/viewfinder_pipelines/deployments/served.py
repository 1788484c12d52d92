"""Which versions of a model a cluster serves, or would serve again."""

import re
from collections.abc import Iterator
from typing import Any

from viewfinder_components.deployment.cluster import SERVING, Cluster
from viewfinder_components.deployment.history import list_histories


def find_served(namespace: str, model: str) -> set[str]:
    """Return every version of a model that a namespace's services name or its pods have loaded.

    Args:
        namespace: The namespace; the cluster is the one of KUBECONFIG, or the pod's own.
        model: The model's name.

    Raises:
        PermanentError: There is no cluster, or it does not let us look.
        TransientError: It does not answer.
    """
    names_version = re.compile(rf"(.*/)?{re.escape(model)}/[0-9]+/?").fullmatch
    with Cluster.connect(namespace) as cluster:
        objects = [
            *cluster.list(cluster.path(SERVING, "inferenceservices")),
            # A service's old pods serve on while its new ones start, and after a rollback.
            *cluster.list(cluster.path("/api/v1", "pods")),
        ]
    return {text for text in _texts(objects) if names_version(text)}


def find_earlier(namespace: str, model: str) -> Iterator[tuple[str, str]]:
    """Yield to which version of a model each of a namespace's services would go back, and its name.

    Args:
        namespace: The namespace; the cluster is the one of KUBECONFIG, or the pod's own.
        model: The model's name.

    Raises:
        PermanentError: There is no cluster, or it does not let us look.
        TransientError: It does not answer.
    """
    with Cluster.connect(namespace) as cluster:
        for service, history in list_histories(cluster).items():
            for entry in history.line()[-2:-1]:
                if entry.uri.rsplit("/", 2)[-2] == model:
                    yield entry.uri, service


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in JSON: what names a version here is an argument there."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
