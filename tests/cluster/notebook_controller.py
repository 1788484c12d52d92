"""What Kubeflow's notebook controller and its PodDefault webhook make of their objects.

Neither is in a package registry. These functions follow `generateStatefulSet` and `generateService`
in components/notebook-controller/controllers/notebook_controller.go of kubeflow/notebooks (branch
notebooks-v1), and the webhook of kubeflow/dashboard for what our PodDefault contains: environment
variables, also those from a Secret, volumes and mounts. What the real ones made of our manifests
had the same specifications (docs/notebook-server.md).
"""

from copy import deepcopy
from typing import Any

Object = dict[str, Any]
_PORT = 8888


def make_stateful_set(notebook: Object) -> Object:
    """Return the StatefulSet that the controller would create."""
    name, namespace = notebook["metadata"]["name"], notebook["metadata"]["namespace"]
    spec = deepcopy(notebook["spec"]["template"]["spec"])
    container = spec["containers"][0]
    container.setdefault("workingDir", "/home/jovyan")
    container.setdefault("ports", [{"containerPort": _PORT, "name": "notebook-port"}])
    container.setdefault("env", []).append(
        {"name": "NB_PREFIX", "value": f"/notebook/{namespace}/{name}"}
    )
    spec.setdefault("securityContext", {"fsGroup": 100})
    labels = {"statefulset": name, "notebook-name": name} | notebook["metadata"]["labels"]
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": 1,
            "serviceName": "",
            "selector": {"matchLabels": {"statefulset": name}},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def make_service(notebook: Object) -> Object:
    """Return the Service that the controller would create."""
    name, namespace = notebook["metadata"]["name"], notebook["metadata"]["namespace"]
    port = {"name": f"http-{name}", "port": 80, "targetPort": _PORT, "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"type": "ClusterIP", "selector": {"statefulset": name}, "ports": [port]},
    }


def apply_pod_default(pod_default: Object, template: Object) -> None:
    """Add to a pod template what the webhook adds to the pods that a PodDefault selects."""
    wanted = pod_default["spec"]["selector"]["matchLabels"]
    if not wanted.items() <= template["metadata"]["labels"].items():
        return
    added = pod_default["spec"]
    template["spec"].setdefault("volumes", []).extend(added["volumes"])
    for container in template["spec"]["containers"]:
        container.setdefault("env", []).extend(added["env"])
        container.setdefault("envFrom", []).extend(added["envFrom"])
        container.setdefault("volumeMounts", []).extend(added["volumeMounts"])
