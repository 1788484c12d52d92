"""Which KServe version the cluster has, and in which mode it deploys.

KServe 0.16 renamed its modes: RawDeployment became Standard, Serverless became Knative. Older
versions ignore a mode they do not know.
"""

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

from viewfinder_components.deployment.kubernetes.cluster import Cluster, Object
from viewfinder_components.deployment.kubernetes.refusals import missing_kserve
from viewfinder_components.errors import PermanentError
from viewfinder_components.spelling import write_command

SERVING = "/apis/serving.kserve.io/v1beta1"
"""The path of its API."""
NAMESPACES = ("kserve", "kubeflow")
"""Where KServe is installed: by its own manifests, and by Kubeflow's."""

CONTROLLER = "/apis/apps/v1/namespaces/{}/deployments/kserve-controller-manager"
"""The path of its controller, in either of these namespaces."""
CONFIG = "/api/v1/namespaces/{}/configmaps/inferenceservice-config"
"""The path of its settings."""
# Every authenticated user may read it; it contains the schema of the InferenceService.
_SCHEMA = "/openapi/v3/apis/serving.kserve.io/v1beta1"
_KNATIVE = "/apis/serving.knative.dev/v1"
_TAG = re.compile(r":v?(\d+)\.(\d+)")
_OLDEST = (0, 14)
MODE = "serving.kserve.io/deploymentMode"
"""The annotation that names a service's mode."""
# Fields of `spec.predictor` by the release that added them (KServe's own install manifests).
_MARKERS = (
    ("storageContainerName", 20),
    ("hostnameOverride", 17),
    ("storageUris", 16),
    ("autoScaling", 15),
)


class Mode(Enum):
    """How KServe runs a predictor; the values are the names since 0.16."""

    STANDARD = "Standard"
    """A Deployment and a Service."""
    KNATIVE = "Knative"
    """A Knative Service, with revisions and scaling to zero."""


@dataclass(frozen=True)
class KServe:
    """What is known about the cluster's KServe."""

    version: tuple[int, int]
    """Major and minor; if only the schema could be read, the release that introduced it."""

    mode: Mode
    """The mode of this service: its current one, else the cluster's default."""

    unread: tuple[str, ...] = ()
    """What would have told us more but may not be read, such as `get deployments.apps in namespace
    kserve`."""

    def word(self, mode: Mode) -> str:
        """Return this KServe's name for a mode."""
        old = {Mode.STANDARD: "RawDeployment", Mode.KNATIVE: "Serverless"}
        return mode.value if self.version >= (0, 16) else old[mode]


def detect_kserve(cluster: Cluster, service: Object | None, wanted: str = "") -> KServe:
    """Find out the version and the mode from what we are permitted to read.

    Args:
        cluster: Where to look.
        service: The InferenceService as it is; None before the first deployment.
        wanted: The requested mode by name; empty for the service's current one, else the cluster's.

    Raises:
        PermanentError: There is no KServe, or it is older than 0.14; or the requested mode is not
            available.
        TransientError: The API server does not answer.
    """
    unread: list[str] = []
    version = _read_tag(cluster, unread) or _read_schema(cluster)
    if version < _OLDEST:
        raise PermanentError(
            "KServe 0.14 or newer", ".".join(map(str, version)), "upgrade KServe, or deploy by hand"
        )
    mode = _find_mode(cluster, service, wanted, unread)
    return KServe(version, mode, tuple(unread))


def _find_mode(cluster: Cluster, service: Object | None, wanted: str, unread: list[str]) -> Mode:
    found = read_mode(service)
    if found and wanted and found is not Mode(wanted):
        raise PermanentError(
            f"a service in KServe's mode {wanted}",
            f"one in mode {found.value}, which KServe does not allow to be changed",
            f"remove the service first (`{write_command('undeploy', 'MODEL')}`), or deploy with "
            "another service_name",
        )
    mode = Mode(wanted) if wanted else found or _read_default(cluster, unread)
    mode = mode or _ask_default(cluster)
    if mode is Mode.KNATIVE and cluster.get(_KNATIVE) is None:
        raise PermanentError(
            "Knative Serving on the cluster, for KServe's mode Knative",
            f"no kinds of {_KNATIVE.removeprefix('/apis/')}",
            "install Knative Serving, or deploy in mode Standard",
        )
    return mode


def _read_tag(cluster: Cluster, unread: list[str]) -> tuple[int, int] | None:
    """Read the version from the tag of the controller's image, if it is one."""
    controller = _find(cluster, CONTROLLER, unread)
    template = controller.get("spec", {}).get("template", {}).get("spec", {})
    for container in template.get("containers", []):
        if found := _TAG.search(container.get("image", "").partition("/")[2]):
            return int(found[1]), int(found[2])
    return None


def _find(cluster: Cluster, path: str, unread: list[str]) -> Object:
    """Return the object at a path in KServe's namespace; nothing if it is in none of them.

    What we may not read, which is usual outside our own namespace, is added to `unread` unless it
    is found elsewhere.
    """
    refused: list[str] = []
    for namespace in NAMESPACES:
        try:
            if found := cluster.get(path.format(namespace)):
                return found
        except PermanentError as error:
            refused.append(getattr(error, "permission", error.received))
    unread += refused
    return {}


def _read_schema(cluster: Cluster) -> tuple[int, int]:
    schema = cluster.get(_SCHEMA)
    if schema is None:
        raise missing_kserve()
    fields: set[str] = set()
    for definition in schema.get("components", {}).get("schemas", {}).values():
        properties = definition.get("properties", {})
        spec = properties.get("spec", {}).get("properties", {})
        fields |= set(spec.get("predictor", {}).get("properties", {}))
    return next(((0, minor) for name, minor in _MARKERS if name in fields), (0, 14))


def read_mode(service: Object | None) -> Mode | None:
    """Return a service's mode, which KServe does not let change; None before it has one."""
    service = service or {}
    annotations = service.get("metadata", {}).get("annotations") or {}
    found = service.get("status", {}).get("deploymentMode") or annotations.get(MODE)
    return None if found is None else _to_mode(found)


def _read_default(cluster: Cluster, unread: list[str]) -> Mode | None:
    config = _find(cluster, CONFIG, unread)
    with suppress(PermanentError, ValueError):
        word = json.loads(config.get("data", {}).get("deploy", "{}")).get("defaultDeploymentMode")
        return None if word is None else _to_mode(word)
    return None


def _ask_default(cluster: Cluster) -> Mode:
    """Ask KServe's webhook what it would make of a service that names no mode.

    It adds the mode to a service unless that is Knative. Nothing is stored.
    """
    name = "viewfinder-asks-the-mode"
    body: dict[str, Any] = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": name, "namespace": cluster.namespace},
        "spec": {"predictor": {"model": {"modelFormat": {"name": "viewfinder"}}}},
    }
    answer = cluster.apply(cluster.path(SERVING, "inferenceservices", name), body, dry_run=True)
    annotations = answer.get("metadata", {}).get("annotations") or {}
    return _to_mode(annotations.get(MODE, "Knative"))


def _to_mode(word: str) -> Mode:
    if word in ("Standard", "RawDeployment"):
        return Mode.STANDARD
    if word in ("Knative", "Serverless"):
        return Mode.KNATIVE
    raise PermanentError(
        "KServe in the mode Standard or Knative", repr(word), "change KServe's default mode"
    )
