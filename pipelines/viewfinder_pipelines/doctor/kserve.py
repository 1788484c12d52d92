"""Whether KServe is installed, in which version, and whether it works."""

import json
from collections.abc import Iterator
from typing import Any

from viewfinder_components.deployment.kserve.kserve_version import (
    CONFIG,
    CONTROLLER,
    NAMESPACES,
    SERVING,
    KServe,
    Mode,
    detect_kserve,
)
from viewfinder_components.deployment.kubernetes.cluster import Object
from viewfinder_components.errors import PermanentError, ViewfinderError
from viewfinder_pipelines.doctor.finding import Finding, FindingState, as_unseen
from viewfinder_pipelines.doctor.install import Install

OLDEST, NEWEST = (0, 14), (0, 21)
"""The versions of KServe that Viewfinder is known to work with."""

_KINDS = {SERVING: "inferenceservices", "/apis/serving.kserve.io/v1alpha1": "servingruntimes"}


def examine_kinds(install: Install) -> Iterator[Finding]:
    """Check that KServe's kinds are installed."""
    for path, kind in _KINDS.items():
        known = install.read(path, "the API's kinds") or {}
        if kind not in {resource["name"] for resource in known.get("resources", [])}:
            raise PermanentError(
                f"the kind {kind}.serving.kserve.io",
                "no such kind",
                "install KServe 0.14 to 0.21 with its CRDs",
            )
    yield Finding("KServe's kinds", FindingState.OK, " and ".join(_KINDS.values()))


def examine_version(install: Install) -> Iterator[Finding]:
    """Report KServe's version and mode, and what the mode needs."""
    try:
        kserve = find_kserve(install)
    except ViewfinderError as error:
        raise as_unseen("KServe's version and mode", error) from error
    version = ".".join(map(str, kserve.version))
    text = f"{version}, deploys in mode {kserve.mode.value}"
    if kserve.unread:
        text += f" (from its kinds and webhook: not permitted to {'; '.join(kserve.unread)})"
    if OLDEST <= kserve.version <= NEWEST:
        yield Finding("KServe", FindingState.OK, text)
    else:
        known = " to ".join(".".join(map(str, end)) for end in (OLDEST, NEWEST))
        remedy = f"use KServe {known}, or report how this version works"
        yield Finding("KServe", FindingState.WARNING, f"{text}; tested: {known}", remedy)
    yield from _examine_ingress(install, kserve)


def find_kserve(install: Install) -> KServe:
    """Determine KServe's version, and the mode that a run would use for a new service.

    Raises:
        PermanentError: There is no KServe, the mode is unavailable, or it cannot be read.
        TransientError: The API server does not answer.
    """
    return detect_kserve(install.cluster, None, install.deploy_config.kserve_mode)


def _examine_ingress(install: Install, kserve: KServe) -> Iterator[Finding]:
    if kserve.mode is Mode.KNATIVE:
        if install.read("/apis/serving.knative.dev/v1", "the API's kinds") is None:
            raise PermanentError(
                "Knative Serving, which KServe's mode Knative needs",
                "none",
                "install it, or set defaultDeploymentMode to Standard in inferenceservice-config",
            )
        yield Finding("ingress", FindingState.OK, "through Knative Serving")
        return
    settings = _read_ingress(install)
    if settings.get("disableIngressCreation"):
        yield Finding(
            "ingress", FindingState.OK, "none is created: services are reached inside the cluster"
        )
    elif settings.get("enableGatewayApi"):
        yield _examine_gateway(install, settings)
    else:
        yield _examine_class(install, str(settings.get("ingressClassName", "")))


def _read_ingress(install: Install) -> dict[str, Any]:
    paths = [CONFIG.format(namespace) for namespace in NAMESPACES]
    if found := install.read_first(paths, "KServe's settings"):
        return dict(json.loads(found["data"].get("ingress", "{}")))
    raise PermanentError(
        f"the ConfigMap inferenceservice-config in {' or '.join(NAMESPACES)}",
        "none",
        "install KServe with its own manifests",
    )


def _examine_gateway(install: Install, settings: dict[str, Any]) -> Finding:
    if install.read("/apis/gateway.networking.k8s.io/v1", "the API's kinds") is None:
        raise PermanentError(
            "the Gateway API, which KServe's enableGatewayApi needs",
            "no such kinds",
            "install its CRDs and an implementation, or set enableGatewayApi to false",
        )
    gateway = settings.get("kserveIngressGateway", "?")
    return Finding("ingress", FindingState.OK, f"through the Gateway {gateway}")


def _examine_class(install: Install, name: str) -> Finding:
    path = f"/apis/networking.k8s.io/v1/ingressclasses/{name}"
    if install.read(path, f"ingress class {name}"):
        return Finding("ingress", FindingState.OK, f"through the ingress class {name}")
    return Finding(
        "ingress",
        FindingState.WARNING,
        f"the ingress class {name} does not exist: services are reached only inside the cluster",
        "install an ingress controller, or set ingressClassName in inferenceservice-config",
    )


def examine_controller(install: Install) -> Iterator[Finding]:
    """Check that the controller runs and that its webhook admits an InferenceService."""
    controller = _find_controller(install)
    ready = (controller or {}).get("status", {}).get("readyReplicas", 0)
    if not ready:
        raise PermanentError(
            "a KServe controller that is ready",
            "none" if controller is None else "one that is not ready",
            f"kubectl -n {NAMESPACES[0]} get pods, and see the log of kserve-controller-manager",
        )
    yield Finding("KServe's controller", FindingState.OK, f"{ready} ready")


def _find_controller(install: Install) -> Object | None:
    return install.read_first(
        [CONTROLLER.format(namespace) for namespace in NAMESPACES], "KServe's controller"
    )


def examine_webhook(install: Install) -> Iterator[Finding]:
    """Send an InferenceService through admission, as a dry run."""
    body = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "viewfinder-doctor"},
        "spec": {"predictor": {"model": {"modelFormat": {"name": "viewfinder"}}}},
    }
    path = install.cluster.path(SERVING, "inferenceservices")
    install.create(path, body, "KServe's webhook", dryRun="All")
    yield Finding("KServe's webhook", FindingState.OK, "admits an InferenceService")
