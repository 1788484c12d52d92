"""Knative Serving's own manifests, and an ingress for it that is only for tests.

The manifests are those of the Go modules that its programs are built from. Left out is what has no
use on one node or without certificates; changed are the images and a few settings, each below.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.testbed import programs, templates
from tests.testbed.cache import building_file, home, key_of
from tests.testbed.image_set import INGRESS, knative_image
from tests.testbed.knative_ingress.envoy_config import CLASS, EXTERNAL, INTERNAL, PORTS
from tests.testbed.kserve import without_descriptions
from tests.testbed.phases import phase

NAMESPACE = "knative-serving"
INGRESS_NAMESPACE = "knative-ingress"
DOMAIN = "knative.test"
_DEPLOYMENTS = ("activator", "autoscaler", "controller", "webhook")
_KO = "ko://knative.dev/serving/cmd/"
_DEFINITION = "CustomResourceDefinition"
# Where the manifests are: a module, and folders or files in it.
_SOURCES = (
    ("knative.dev/serving", "config/core"),
    ("knative.dev/networking", "config"),
    ("knative.dev/caching", "config"),
)
# What the webhook is asked about, to see whether it answers; it is never made.
ASKED: dict[str, Any] = {
    "apiVersion": "serving.knative.dev/v1",
    "kind": "Configuration",
    "metadata": {"name": "asked", "namespace": "knative-ingress"},
    "spec": {"template": {"spec": {"containers": [{"image": INGRESS}]}}},
}
_LEFT_OUT_KINDS = ("Certificate", "HorizontalPodAutoscaler", "Image", "PodDisruptionBudget")
_SETTINGS = {
    "config-deployment": {
        "queue-sidecar-image": knative_image("queue"),
        # which no registry holds; a name without a registry means Docker's
        "registries-skipping-tag-resolving": "index.docker.io",
    },
    "config-domain": {DOMAIN: ""},
    "config-network": {"ingress-class": CLASS},
    # one that was killed is followed at once, not a minute later
    "config-leader-election": {
        "lease-duration": "15s",
        "renew-deadline": "10s",
        "retry-period": "2s",
    },
    # a minute and a half until pods go that nobody asks is long for tests
    "config-autoscaler": {"stable-window": "15s", "scale-to-zero-grace-period": "10s"},
}

Manifest = dict[str, Any]


def prepare() -> Path:
    """Return a file with the needed manifests as Knative wrote them; YAML is read once."""
    pins = programs.KNATIVE.folder / "go.mod"
    target = home() / "manifests" / f"knative-{key_of(Path(__file__), pins)}.json"
    if not target.exists():
        with phase("reading Knative's manifests", "5 s"), building_file(target) as draft:
            draft.write_text(json.dumps(select(_read())))
    return target


def _read() -> list[Manifest | None]:
    documents: list[Manifest | None] = []
    for module, folder in _SOURCES:
        root = programs.source_folder(programs.KNATIVE, module) / folder
        for file in sorted(root.rglob("*.yaml")):
            documents += yaml.load_all(file.read_text(), yaml.CSafeLoader)
    return documents


def select(documents: list[Manifest | None]) -> list[Manifest]:
    """Return the manifests that a test bed needs."""
    return [
        without_descriptions(one) if one["kind"] == _DEFINITION else one
        for one in documents
        if one and one["kind"] not in _LEFT_OUT_KINDS
    ]


@dataclass(frozen=True)
class Install:
    """Knative's objects in the order in which a cluster can take them.

    Attributes:
        definitions: The custom resource definitions; its programs and KServe look for them.
        rest: Everything else.
    """

    definitions: list[Manifest]
    rest: list[Manifest]


def manifests() -> Install:
    """Return what to create, the ingress included."""
    found: list[Manifest] = json.loads(prepare().read_text())
    for manifest in found:
        _adapt(manifest)
    definitions = [one for one in found if one["kind"] == _DEFINITION]
    rest = sorted((one for one in found if one["kind"] != _DEFINITION), key=_order)
    ports = {f"{name}_port": str(PORTS[name]) for name in (EXTERNAL, INTERNAL)}
    ingress = templates.load("knative-ingress", image=INGRESS, **ports)
    return Install(definitions, [*rest, *ingress])


def deployments() -> list[tuple[str, str]]:
    """Return the namespace and the name of what must run."""
    return [*((NAMESPACE, name) for name in _DEPLOYMENTS), (INGRESS_NAMESPACE, "ingress")]


def _order(manifest: Manifest) -> int:
    """A namespace first, settings next; once its webhook is registered, it checks settings."""
    kind = manifest["kind"]
    return (
        0 if kind == "Namespace" else 2 if kind == "Deployment" else 3 if "Webhook" in kind else 1
    )


def _adapt(manifest: Manifest) -> None:
    """Change one object in place."""
    kind, metadata = manifest["kind"], manifest["metadata"]
    if kind == "ConfigMap":
        metadata.pop("annotations", None)  # a digest of the example
        manifest["data"] = _SETTINGS.get(metadata["name"], {})
    elif kind == "Deployment":
        _adapt_pod(manifest["spec"]["template"]["spec"])


def _adapt_pod(pod: Manifest) -> None:
    pod.pop("affinity", None)
    # nobody waits for requests that are under way when the test bed goes down
    pod["terminationGracePeriodSeconds"] = 5
    for container in pod["containers"]:
        container["image"] = knative_image(container["image"].removeprefix(_KO))
        container["imagePullPolicy"] = "Never"
        container["resources"] = {"requests": {"cpu": "10m", "memory": "40Mi"}}
        container["readinessProbe"] |= {"periodSeconds": 1, "timeoutSeconds": 5}
        container.pop("livenessProbe")  # a busy machine is no reason to kill it
