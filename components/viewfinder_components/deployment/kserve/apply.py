"""Apply the InferenceService with our field manager, and only if we manage the service."""

from viewfinder_components.deployment.kserve.applied import read_applied
from viewfinder_components.deployment.kserve.kserve_version import SERVING
from viewfinder_components.deployment.kserve.service import MANAGED_BY, MODEL, OWNER
from viewfinder_components.deployment.kubernetes.cluster import Cluster, Object
from viewfinder_components.deployment.kubernetes.refusals import ConflictError
from viewfinder_components.errors import PermanentError
from viewfinder_components.spelling import spell

_TRIES = 10
"""How often to reread an object that changed meanwhile: KServe writes its status often."""


def read_service(cluster: Cluster, name: str) -> Object | None:
    """Return the InferenceService as it is, None if there is none."""
    return cluster.get(service_path(cluster, name))


def deleted_error(name: str) -> PermanentError:
    """Return the error for a service that was applied and is no longer there."""
    return PermanentError(
        f"the InferenceService {name}", "none: it was deleted during the deployment", "try again"
    )


def service_path(cluster: Cluster, name: str) -> str:
    """Return the InferenceService's path."""
    return cluster.path(SERVING, "inferenceservices", name)


def need_managed(cluster: Cluster, name: str, model: str) -> Object | None:
    """Return a service that Viewfinder manages for a model; None if there is none.

    Raises:
        PermanentError: It belongs to somebody else or to another model.
    """
    service = read_service(cluster, name)
    if service is None:
        return None
    labels = service["metadata"].get("labels") or {}
    if (labels.get(MANAGED_BY), labels.get(MODEL)) != (OWNER, model):
        raise PermanentError(
            f"the InferenceService {name} in namespace {cluster.namespace} to be the one "
            f"Viewfinder manages for the model {model}",
            f"labels {MANAGED_BY}={labels.get(MANAGED_BY)}, {MODEL}={labels.get(MODEL)}",
            f"name the model it serves, or name another service with {spell('service_name')}",
        )
    return service


def apply_service(cluster: Cluster, body: Object, *, adopt: bool) -> Object:
    """Make the cluster's InferenceService match `body`, in one request.

    Args:
        cluster: Where to apply it.
        body: What `build_service` returned.
        adopt: Whether to take it over if it is not ours, or if others have set our fields.

    Raises:
        PermanentError: It is not ours, others have set our fields, or the cluster rejects it.
        TransientError: The API server or a webhook does not answer.
    """
    path = service_path(cluster, body["metadata"]["name"])
    found = cluster.get(path)
    if found is not None and not adopt:
        _need_ours(found, body)
    return cluster.apply(path, body, force=adopt)


def _need_ours(found: Object, body: Object) -> None:
    """Refuse a service that belongs to somebody else or to another model."""
    labels, wanted = found["metadata"].get("labels") or {}, body["metadata"]["labels"]
    for key in (MANAGED_BY, MODEL):
        if labels.get(key) != wanted[key]:
            raise PermanentError(
                f"the InferenceService {body['metadata']['name']} to be labelled "
                f"{key}={wanted[key]}, so that it is ours",
                f"{key}={labels[key]}" if key in labels else "no such label",
                f"deploy with {spell('adopt', True)} to take it over, or with another service_name",
            )


def replace_service(cluster: Cluster, body: Object, replaced: str) -> bool:
    """Apply `body` if the service is still the one that `replaced` describes.

    Args:
        cluster: Where to apply it.
        body: The desired state.
        replaced: The `APPLIED` annotation that the service must have.

    Returns:
        Whether it was applied; False if somebody else has deployed meanwhile.
    """
    path = service_path(cluster, body["metadata"]["name"])
    for _ in range(_TRIES):
        found = cluster.get(path)
        if found is None or read_applied(found) != replaced:
            return False
        version = found["metadata"]["resourceVersion"]
        guarded = {**body, "metadata": {**body["metadata"], "resourceVersion": version}}
        try:
            cluster.apply(path, guarded, force=True)
        except ConflictError as error:
            if not error.stale:
                raise
        else:
            return True
    return False
