"""What was applied to a service, read from its annotation."""

import json

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.kserve.service import APPLIED, MODEL, VERSION
from viewfinder_components.deployment.kubernetes.cluster import Object


def read_applied(found: Object | None) -> str | None:
    """Return what was last applied to an object, or to the object it was created from."""
    annotations = (found or {}).get("metadata", {}).get("annotations") or {}
    value = annotations.get(APPLIED)
    return None if value is None else str(value)


def read_number(applied: str) -> int:
    """Return the number of the version that an `APPLIED` annotation deploys."""
    return int(json.loads(applied)["annotations"][VERSION])


def read_uri(applied: str) -> str:
    """Return that version's URI, as passed to KServe, without a trailing slash."""
    uri: str = json.loads(applied)["spec"]["predictor"]["model"]["storageUri"]
    return uri.rstrip("/")


def read_config(applied: str, name: str, namespace: str) -> DeployConfig:
    """Return how a version was deployed.

    Args:
        applied: The `APPLIED` annotation.
        name: The service's name.
        namespace: The service's namespace.
    """
    stored = json.loads(applied)
    predictor = stored["spec"]["predictor"]
    size = predictor["model"]["resources"]["requests"]
    return DeployConfig(
        version_uri=read_uri(applied),
        version_number=read_number(applied),
        model_name=stored["labels"][MODEL],
        namespace=namespace,
        service_name=name,
        predictor_service_account=predictor["serviceAccountName"],
        predictor_runtime=predictor["model"]["runtime"],
        min_replicas=predictor["minReplicas"],
        max_replicas=predictor["maxReplicas"],
        predictor_cpu=size["cpu"],
        predictor_memory=size["memory"],
    )
