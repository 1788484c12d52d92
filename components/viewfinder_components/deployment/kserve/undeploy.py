"""Remove a service: the InferenceService that Viewfinder manages, and everything below it."""

import logging
import time

from viewfinder_components.deployment.kserve.apply import need_managed, service_path
from viewfinder_components.deployment.kserve.observation.observe import Observation, observe
from viewfinder_components.deployment.kubernetes.cluster import Cluster, Object
from viewfinder_components.errors import PermanentError, TransientError
from viewfinder_components.reports.formatting import plural

_log = logging.getLogger(__name__)
_POLL_SECONDS = 1.0


def remove_service(cluster: Cluster, name: str, model: str, timeout_seconds: float) -> bool:
    """Remove a service and wait until it is completely gone; published versions stay.

    Running it again resumes the wait for whatever is left.

    Args:
        cluster: Where the service runs.
        name: The service.
        model: The model that it serves.
        timeout_seconds: Longest time to wait.

    Returns:
        Whether there was anything to remove.

    Raises:
        PermanentError: The service is not ours, somebody deployed it again meanwhile, or
            permission is missing.
        TransientError: It was not gone in time, or the API server does not answer.
    """
    deadline = time.monotonic() + timeout_seconds
    service = need_managed(cluster, name, model)
    if service is not None and not service["metadata"].get("deletionTimestamp"):
        cluster.delete(service_path(cluster, name), service["metadata"]["uid"])
        _log.info("undeploy: removing the InferenceService %s", name)
    return _wait(cluster, name, service, deadline) or service is not None


def _wait(cluster: Cluster, name: str, service: Object | None, deadline: float) -> bool:
    """Wait until everything is gone; return whether there was anything."""
    said, met = "", False
    while True:
        try:
            left = _describe(_need_same(observe(cluster, name), service))
        except TransientError as error:
            left = f"{error.expected} ({error.received})"
        if not left:
            return met
        met = True
        if left != said:
            _log.info("undeploy: waiting for %s", left)
            said = left
        if time.monotonic() >= deadline:
            raise TransientError(
                "the service to be gone in time",
                f"still waiting for {left}",
                "try again, which resumes the wait; check that KServe's controller is running",
            )
        time.sleep(_POLL_SECONDS)


def _need_same(seen: Observation, service: Object | None) -> Observation:
    uid = service["metadata"]["uid"] if service else None
    if seen.service and seen.service["metadata"]["uid"] != uid:
        raise PermanentError(
            "the service to be gone",
            "another deployment, made meanwhile",
            "try again if that one is to be removed as well",
        )
    return seen


def _describe(seen: Observation) -> str:
    """Describe what is left, empty if nothing is."""
    left = []
    if seen.pods:
        left.append(f"{plural(len(seen.pods), 'pod')} to terminate")
    if seen.knative_service:
        left.append("the Knative Service to be deleted")
    if seen.deployment:
        left.append("the Deployment to be deleted")
    if seen.service:
        left.append("the InferenceService to be deleted")
    return ", ".join(left)
