"""Apply the InferenceService under our own name, and only where it is ours."""

from viewfinder_components.deployment.cluster import SERVING, Cluster, Object
from viewfinder_components.deployment.refusals import ConflictError
from viewfinder_components.deployment.service import APPLIED, MANAGED_BY, MODEL
from viewfinder_components.errors import PermanentError

_TRIES = 10
"""How often to read again when the object changes meanwhile: KServe writes its status often."""


def read_service(cluster: Cluster, name: str) -> Object | None:
    """Return the InferenceService as it is, None when there is none."""
    return cluster.get(service_path(cluster, name))


def service_path(cluster: Cluster, name: str) -> str:
    """Return the InferenceService's path."""
    return cluster.path(SERVING, "inferenceservices", name)


def read_applied(found: Object | None) -> str | None:
    """Return what was last applied to an object, or to the one it was made from."""
    annotations = (found or {}).get("metadata", {}).get("annotations") or {}
    value = annotations.get(APPLIED)
    return None if value is None else str(value)


def apply_service(cluster: Cluster, body: Object, *, adopt: bool) -> Object:
    """Make the cluster's InferenceService what `body` says, at one stroke.

    Args:
        cluster: Where.
        body: What `build_service` returned.
        adopt: Whether to take it over when it is not ours, or when others have set our fields.

    Raises:
        PermanentError: It is not ours, others have set our fields, or the cluster refuses it.
        TransientError: The API server or a webhook does not answer.
    """
    path = service_path(cluster, body["metadata"]["name"])
    found = cluster.get(path)
    if found is not None and not adopt:
        _need_ours(found, body)
    return cluster.apply(path, body, force=adopt)


def _need_ours(found: Object, body: Object) -> None:
    """Refuse a service that is somebody else's, or another model's."""
    labels, wanted = found["metadata"].get("labels") or {}, body["metadata"]["labels"]
    for key in (MANAGED_BY, MODEL):
        if labels.get(key) != wanted[key]:
            raise PermanentError(
                f"the InferenceService {body['metadata']['name']} to be labelled "
                f"{key}={wanted[key]}, so that it is ours",
                f"{key}={labels[key]}" if key in labels else "no such label",
                "deploy with --set adopt=true to take it over, or with another service_name",
            )


def replace_service(cluster: Cluster, body: Object, replaced: str) -> bool:
    """Apply `body` if the service still is what `replaced` says.

    Args:
        cluster: Where.
        body: What shall be.
        replaced: The `APPLIED` annotation that the service must have.

    Returns:
        Whether it was; False when somebody else has deployed meanwhile.
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
