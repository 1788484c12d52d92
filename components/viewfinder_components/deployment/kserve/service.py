"""Build the InferenceService; it is defined nowhere else."""

import json
from typing import Any

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.kserve.kserve_version import MODE, KServe, Mode
from viewfinder_components.deployment.kserve.runtime import Runtime
from viewfinder_components.deployment.kserve.storage_uri import to_kserve_uri
from viewfinder_components.deployment.kubernetes.cluster import Object
from viewfinder_components.errors import PermanentError

MANAGED_BY = "app.kubernetes.io/managed-by"
OWNER = "viewfinder"
MODEL = "viewfinder.dev/model"
VERSION = "viewfinder.dev/version"
APPLIED = "viewfinder.dev/applied"
"""Annotation with everything that was applied, as JSON. KServe passes annotations on to
Deployments, ReplicaSets and pods, so each of these shows which deployment it belongs to, and an old
ReplicaSet has everything needed to go back to it."""

_AUTOSCALER = "serving.kserve.io/autoscalerClass"
_PROGRESS = "serving.knative.dev/progress-deadline"

# Knative gives up on a revision after this many seconds unless told otherwise.
_KNATIVE_SECONDS = 600
# The predictor drains for 5 s after SIGTERM and then gives its requests 30 s; see the runtime.
_GRACE_SECONDS = 60


def build_service(config: DeployConfig, namespace: str, kserve: KServe, runtime: Runtime) -> Object:
    """Return the InferenceService of a version, complete.

    The same arguments give the same object, down to the last byte: this is how a deployment finds
    its own pods, and why deploying the same version again changes nothing.

    Raises:
        PermanentError: KServe would ignore something in this mode.
    """
    _refuse_ignored(config, kserve)
    applied = {
        "labels": {
            MANAGED_BY: OWNER,
            MODEL: config.model_name,
            "app.kubernetes.io/name": config.name,
        },
        "annotations": {VERSION: str(config.version_number)} | _mode_annotations(config, kserve),
        "spec": {"predictor": _predictor(config, kserve, runtime)},
    }
    text = json.dumps(applied, sort_keys=True, separators=(",", ":"))
    return restore_service(text, config.name, namespace)


def restore_service(applied: str, name: str, namespace: str) -> Object:
    """Return the InferenceService that an `APPLIED` annotation describes.

    Args:
        applied: The annotation's value.
        name: The service's name.
        namespace: The service's namespace.
    """
    stored = json.loads(applied)
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": stored["labels"],
            "annotations": {**stored["annotations"], APPLIED: applied},
        },
        "spec": stored["spec"],
    }


def _refuse_ignored(config: DeployConfig, kserve: KServe) -> None:
    if kserve.mode is Mode.STANDARD and config.min_replicas == 0:
        raise PermanentError(
            "min_replicas of at least 1 in KServe's mode Standard",
            "0, which KServe would change to 1",
            "set min_replicas to 1, or use a KServe with Knative",
        )


def _mode_annotations(config: DeployConfig, kserve: KServe) -> dict[str, str]:
    annotations = {MODE: kserve.word(kserve.mode)}
    fixed = config.min_replicas == config.max_replicas
    # Without an autoscaler nothing depends on a metrics server. 0.14 does not know the word and
    # creates an autoscaler with equal bounds, which works too.
    if kserve.mode is Mode.STANDARD and fixed and kserve.version >= (0, 15):
        annotations[_AUTOSCALER] = "none"
    if kserve.mode is Mode.KNATIVE and config.deploy_timeout_seconds > _KNATIVE_SECONDS:
        annotations[_PROGRESS] = f"{config.deploy_timeout_seconds}s"
    return annotations


def _predictor(config: DeployConfig, kserve: KServe, runtime: Runtime) -> dict[str, Any]:
    size = {"cpu": config.predictor_cpu, "memory": config.predictor_memory}
    predictor: dict[str, Any] = {
        "serviceAccountName": config.predictor_service_account,
        "minReplicas": config.min_replicas,
        "maxReplicas": config.max_replicas,
        "model": {
            "modelFormat": runtime.model_format,
            "runtime": runtime.name,
            "storageUri": to_kserve_uri(config.version_uri),
            "resources": {"requests": size, "limits": size},
        },
    }
    if runtime.reports_version:
        # KServe appends them to the runtime's own arguments.
        predictor["model"]["args"] = [f"--model-version={config.version_number}"]
    if kserve.mode is Mode.STANDARD:
        # An old pod stays until a new one is ready. Knative does so itself and rejects both fields.
        predictor["deploymentStrategy"] = {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
        }
        predictor["terminationGracePeriodSeconds"] = _GRACE_SECONDS
    return predictor
