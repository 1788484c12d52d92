"""Whether the namespace exists: if not, every other answer is misleading."""

from viewfinder_components.deployment.kubernetes.cluster import Cluster
from viewfinder_components.errors import PermanentError


def need_namespace(cluster: Cluster) -> None:
    """Refuse a namespace that does not exist.

    Reading a namespace requires a permission that a role in the namespace seldom grants. Without it
    this check passes: the API server then rejects the next request as not permitted, because nobody
    is permitted anything in a namespace that does not exist, except with rights in all of them.

    Raises:
        PermanentError: The namespace does not exist.
        TransientError: The API server does not answer.
    """
    try:
        found = cluster.get(cluster.path("/api/v1", "").rstrip("/"))
    except PermanentError:  # every refusal, however the cluster's authorizer words it
        return
    if found is None:
        raise missing_namespace(cluster)


def missing_namespace(cluster: Cluster) -> PermanentError:
    """Return the error for a namespace that does not exist."""
    name = cluster.namespace
    return PermanentError(
        f"a namespace {name} on the cluster at {cluster.configuration.host}",
        "no such namespace",
        "correct the namespace's name, or choose the right cluster with KUBECONFIG; "
        f"kubectl create namespace {name} makes a new one, and manifests/README.md says what a "
        "deployment needs in it",
    )
