"""Keep of an answer what doctor reads, so that recordings are short and name no machine.

Whoever makes doctor read another field adds it here, and records again.
"""

from typing import Any

_POD = (
    "metadata.namespace", "metadata.annotations", "spec.nodeName", "spec.containers.resources",
    "spec.initContainers.resources", "spec.initContainers.restartPolicy", "spec.overhead",
    "spec.resources", "status.phase",
)  # fmt: skip
_NODE = (
    "metadata.name", "metadata.labels.pool", "spec.taints", "spec.unschedulable",
    "status.allocatable.cpu", "status.allocatable.memory", "status.allocatable.pods",
)  # fmt: skip
_RUNTIME = (
    "metadata.name", "spec.supportedModelFormats", "spec.disabled", "spec.nodeSelector",
    "spec.tolerations", "spec.containers.image",
)  # fmt: skip
_FIELDS: dict[str, tuple[str, ...]] = {
    "Status": ("kind", "reason", "message", "code"),
    "APIResourceList": ("resources.name",),
    "ConfigMap": ("data.deploy", "data.ingress"),
    "Deployment": ("spec.template.spec.containers.image", "status.readyReplicas"),
    "InferenceService": ("metadata.name", "metadata.annotations"),
    "LocalSubjectAccessReview": ("status.allowed",),
    "Namespace": ("metadata.name", "metadata.labels", "status.phase"),
    "NodeList": tuple(f"items.{field}" for field in _NODE),
    "PodList": tuple(f"items.{field}" for field in _POD),
    "ResourceQuotaList": (
        "items.metadata.name", "items.spec.scopes", "items.spec.scopeSelector",
        "items.status.hard", "items.status.used",
    ),
    "Secret": ("metadata.name", "metadata.annotations", "data"),
    "SelfSubjectAccessReview": ("status.allowed",),
    "SelfSubjectReview": ("status.userInfo.username",),
    "ServiceAccount": ("metadata.name", "metadata.annotations", "secrets.name"),
    "ServingRuntime": _RUNTIME,
    "SubjectAccessReview": ("status.allowed",),
}  # fmt: skip
"""What is read of each kind; `items.spec` stands for the `spec` of every one of the items."""
_VERSION = ("gitVersion",)
# Of the schema, the names of the predictor's fields are read.
_SCHEMA = "components.schemas.{}.properties.spec.properties.predictor.properties"
_INFERENCE_SERVICE = "InferenceService"


def prune(body: Any) -> Any:
    """Return an answer with what doctor reads of it.

    Raises:
        AssertionError: It is of a kind that is not listed here.
    """
    if "gitVersion" in body:
        return keep(body, _VERSION)
    if "openapi" in body:
        return _prune_schema(body)
    kind = body.get("kind")
    if kind not in _FIELDS:
        raise AssertionError(f"expected a kind listed in {__name__}, received {kind}: add it")
    return keep(body, _FIELDS[kind])


def keep(body: Any, paths: tuple[str, ...]) -> Any:
    """Return the fields at some paths; a path goes through lists."""
    if isinstance(body, list):
        return [keep(one, paths) for one in body]
    if not isinstance(body, dict):
        return body
    kept: dict[str, Any] = {}
    for name in dict.fromkeys(path.partition(".")[0] for path in paths):
        below = tuple(path.partition(".")[2] for path in paths if path.partition(".")[0] == name)
        if name in body:
            kept[name] = body[name] if "" in below else keep(body[name], below)
    return kept


def _prune_schema(body: dict[str, Any]) -> dict[str, Any]:
    """Return the predictor's fields, each without what it is."""
    (name,) = [one for one in body["components"]["schemas"] if one.endswith(_INFERENCE_SERVICE)]
    fields = body
    # The name has dots in it, so it is put in by itself.
    for step in [name if step == "{}" else step for step in _SCHEMA.split(".")]:
        fields = fields[step]
    names: dict[str, Any] = {field: {} for field in sorted(fields)}
    predictor = {"properties": {"predictor": {"properties": names}}}
    schemas = {"InferenceService": {"properties": {"spec": predictor}}}
    return {"components": {"schemas": schemas}}
