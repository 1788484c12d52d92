"""KServe's own install manifests, made to run without cert-manager and without a registry.

KServe's Go module carries them (`install/v<version>/`). Left out are the parts for large language
models and for models cached on nodes. Changed are the images, the certificates and a few settings,
each below with its reason.
"""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.testbed import programs
from tests.testbed.cache import building_file, home, key_of
from tests.testbed.certificates import Authority
from tests.testbed.image_set import controller_image, storage_initializer_image
from tests.testbed.phases import phase

NAMESPACE = "kserve"
CONTROLLER = "kserve-controller-manager"
WEBHOOK_SECRET = "kserve-webhook-server-cert"  # noqa: S105  (a name)
_DEFINITION = "CustomResourceDefinition"
# Their admission goes through KServe's webhook, which must answer first.
_AFTER_WEBHOOK = ("ClusterServingRuntime", "ClusterStorageContainer")
_FILES = ("kserve.yaml", "kserve-cluster-resources.yaml")
_LEFT_OUT_KINDS = ("Certificate", "DaemonSet", "Issuer", "LLMInferenceServiceConfig", "Secret")
_LEFT_OUT_NAMES = ("llm", "localmodel")
_WEBHOOK_HOST = f"kserve-webhook-server-service.{NAMESPACE}.svc"

_RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}

Manifest = dict[str, Any]


def prepare(version: str) -> Path:
    """Return a file with the needed manifests as KServe wrote them; YAML of 7 MB is read once."""
    built = programs.kserve(version)
    target = home() / "manifests" / f"{built.name}-{key_of(Path(__file__), built.version)}.json"
    if not target.exists():
        folder = programs.source_folder(built) / "install" / f"v{version}"
        with phase(f"reading KServe {version}'s manifests", "5 s"), building_file(target) as draft:
            documents: list[Manifest | None] = []
            for name in _FILES:
                # the C loader is 10 times as fast and just as safe
                documents += yaml.load_all((folder / name).read_text(), yaml.CSafeLoader)
            draft.write_text(json.dumps(select(documents)))
    return target


@dataclass(frozen=True)
class Install:
    """KServe's objects in the order in which a cluster can take them.

    Attributes:
        definitions: The custom resource definitions; the controller ends without them.
        controller: The controller and what it needs.
        late: What goes through the controller's webhook, which must answer first.
    """

    definitions: list[Manifest]
    controller: list[Manifest]
    late: list[Manifest]


def manifests(version: str) -> Install:
    """Return what to create.

    Args:
        version: KServe's version, such as "0.20.0".
    """
    return adapt(_load(version), version)


def adapt(found: list[Manifest], version: str) -> Install:
    """Change KServe's manifests in place, and put them in order."""
    for manifest in found:
        _adapt(manifest, version)
    secret = _secure(found)
    definitions = [one for one in found if one["kind"] == _DEFINITION]
    late = [one for one in found if one["kind"] in _AFTER_WEBHOOK]
    rest = [one for one in found if one["kind"] not in (_DEFINITION, *_AFTER_WEBHOOK)]
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    # the Secret first: a pod that misses it waits longer than it takes to make one
    return Install(definitions, [namespace, secret, *rest], late)


def select(documents: list[Manifest | None]) -> list[Manifest]:
    """Return the manifests that a test bed needs, each object once."""
    chosen: dict[tuple[str, str], Manifest] = {}
    for document in documents:
        if document and _is_needed(document):
            name = (document["kind"], document["metadata"]["name"])
            is_definition = document["kind"] == _DEFINITION
            chosen.setdefault(name, without_descriptions(document) if is_definition else document)
    return list(chosen.values())


def without_descriptions(schema: Any) -> Any:
    """Return a schema without its texts: half of the definitions' size, and read by nobody here."""
    if isinstance(schema, list):
        return [without_descriptions(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    # a property may be called "description": then its value is a schema, not a text
    return {
        key: without_descriptions(value)
        for key, value in schema.items()
        if key != "description" or not isinstance(value, str)
    }


def _is_needed(manifest: Manifest) -> bool:
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    if kind in _LEFT_OUT_KINDS or any(part in name for part in _LEFT_OUT_NAMES):
        return False
    if kind == _DEFINITION:
        return bool(manifest["spec"]["group"] == "serving.kserve.io")
    return True


def _load(version: str) -> list[Manifest]:
    found: list[Manifest] = json.loads(prepare(version).read_text())
    return found


def _adapt(manifest: Manifest, version: str) -> None:
    """Change one object in place."""
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    if kind == _DEFINITION:
        manifest["spec"].pop("conversion", None)  # its webhook is the language models'
    elif (kind, name) == ("Deployment", CONTROLLER):
        _adapt_controller(manifest, version)
    elif (kind, name) == ("ConfigMap", "inferenceservice-config"):
        _adapt_settings(manifest["data"], version)
    elif kind == "ClusterStorageContainer":
        container = manifest["spec"]["container"]
        container["image"] = storage_initializer_image(version)
        container["imagePullPolicy"] = "Never"
        # as KServe ships it, no namespace of the standard `restricted` admits its pods
        container["securityContext"] = _RESTRICTED


def _adapt_controller(manifest: Manifest, version: str) -> None:
    pod = manifest["spec"]["template"]["spec"]
    # the other container is a proxy in front of the metrics
    pod["containers"] = [one for one in pod["containers"] if one["name"] == "manager"]
    (manager,) = pod["containers"]
    manager["image"] = controller_image(version)
    manager["imagePullPolicy"] = "Never"
    manager.pop("command", None)  # the image's own entry point
    # it is ready when it says so, not half a minute later
    manager.get("readinessProbe", {}).update(initialDelaySeconds=0, periodSeconds=1)
    manager["resources"] = {"requests": {"cpu": "10m", "memory": "64Mi"}}


def _adapt_settings(data: dict[str, str], version: str) -> None:
    initializer = json.loads(data["storageInitializer"])
    initializer |= {"image": storage_initializer_image(version), "cpuRequest": "50m"}
    data["storageInitializer"] = json.dumps(initializer)
    ingress = json.loads(data["ingress"])
    ingress |= {"disableIngressCreation": True, "disableIstioVirtualHost": True}  # no ingress here
    data["ingress"] = json.dumps(ingress)
    data["deploy"] = json.dumps({"defaultDeploymentMode": standard_mode(version)})


def standard_mode(version: str) -> str:
    """Return how a KServe calls plain Deployments: the name changed with 0.16."""
    return "Standard" if tuple(map(int, version.split("."))) >= (0, 16, 0) else "RawDeployment"


def _secure(found: list[Manifest]) -> Manifest:
    """Sign the webhook's certificate, tell its callers the authority, and return its Secret."""
    authority = Authority("kserve-webhook")
    pair = authority.sign(_WEBHOOK_HOST, hosts=(_WEBHOOK_HOST, f"{_WEBHOOK_HOST}.cluster.local"))
    bundle = base64.b64encode(authority.certificate).decode()
    for manifest in found:
        for webhook in manifest.get("webhooks", []):
            webhook["clientConfig"]["caBundle"] = bundle
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": WEBHOOK_SECRET, "namespace": NAMESPACE},
        "stringData": {"tls.crt": pair.certificate.decode(), "tls.key": pair.key.decode()},
    }
