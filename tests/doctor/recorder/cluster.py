"""An API server with KServe's kinds and two nodes, in whose namespaces the states are made.

What only kubelets and KServe's controller would write is written here: what the nodes have, and
that the controller is ready. ResourceQuotas are counted by Kubernetes' own controller.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from tests.cluster.bare_api_server import bare_api_server, running
from tests.doctor.states import IMAGE
from tests.fixtures.waiting import wait_for
from tests.testbed import kserve, programs
from tests.testbed.versions import DEFAULT_KSERVE

from viewfinder_components.deployment.kubernetes.cluster import Cluster

Manifest = dict[str, Any]

_MANIFESTS = Path(__file__).parents[3] / "manifests" / "base"
_STATUS = {"content-type": "application/merge-patch+json"}
_NODES: tuple[Manifest, ...] = (
    {
        "metadata": {"name": "small", "labels": {"pool": "cpu"}},
        "spec": {},
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}},
    },
    {
        "metadata": {"name": "large", "labels": {"pool": "gpu"}},
        "spec": {"taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]},
        "status": {"allocatable": {"cpu": "32", "memory": "64Gi", "pods": "110"}},
    },
)
_COLLECTIONS = {
    "ConfigMap": ("/api/v1", "configmaps"),
    "CustomResourceDefinition": ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions"),
    "Deployment": ("/apis/apps/v1", "deployments"),
    "Namespace": ("/api/v1", "namespaces"),
    "Node": ("/api/v1", "nodes"),
    "Pod": ("/api/v1", "pods"),
    "ResourceQuota": ("/api/v1", "resourcequotas"),
    "Role": ("/apis/rbac.authorization.k8s.io/v1", "roles"),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings"),
    "Secret": ("/api/v1", "secrets"),
    "ServiceAccount": ("/api/v1", "serviceaccounts"),
    "ServingRuntime": ("/apis/serving.kserve.io/v1alpha1", "servingruntimes"),
}


class Admin:
    """Makes and removes objects in a namespace.

    Args:
        cluster: The namespace, with all rights.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def in_namespace(self, name: str) -> "Admin":
        """Return an administrator of another namespace."""
        return Admin(replace(self.cluster, namespace=name))

    def path(self, kind: str, name: str) -> str:
        """Return the path of an object of the namespace, or of the cluster where it has none."""
        prefix, collection = _COLLECTIONS[kind]
        if kind in {"CustomResourceDefinition", "Namespace", "Node"}:
            return f"{prefix}/{collection}/{name}"
        return self.cluster.path(prefix, collection, name)

    def apply(self, manifest: Manifest) -> None:
        """Make an object, or change it to what a manifest says."""
        kind = manifest["kind"]
        version = _COLLECTIONS[kind][0].removeprefix("/apis/").removeprefix("/api/")
        path = self.path(kind, manifest["metadata"]["name"])
        self.cluster.apply(path, {"apiVersion": version} | manifest, force=True)

    def make(self, kind: str, name: str, **fields: Any) -> None:
        """Make an object of a few fields."""
        self.apply({"kind": kind, "metadata": {"name": name}, **fields})

    def delete(self, kind: str, name: str) -> None:
        """Delete an object."""
        self.cluster.http.delete(self.path(kind, name)).raise_for_status()

    def write_status(self, kind: str, name: str, status: Manifest) -> None:
        """Write what a controller or a kubelet would."""
        content = json.dumps({"status": status})
        path = f"{self.path(kind, name)}/status"
        self.cluster.http.patch(path, content=content, headers=_STATUS).raise_for_status()

    def token(self, account: str) -> str:
        """Return a token of a service account."""
        path = f"{self.path('ServiceAccount', account)}/token"
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        answer = self.cluster.http.post(path, json=body).raise_for_status()
        return str(answer.json()["status"]["token"])


@contextmanager
def running_cluster(folder: Path) -> Iterator[Path]:
    """Run an API server, and what counts quotas; yield an administrator's kubeconfig."""
    kubernetes = programs.build(programs.KUBERNETES)
    etcd = programs.executable(programs.unpack_newer_packages(), "etcd")
    with bare_api_server(etcd, kubernetes / "kube-apiserver", folder) as kubeconfig:
        counting = [
            str(kubernetes / "kube-controller-manager"), f"--kubeconfig={kubeconfig}",
            "--controllers=resourcequota-controller", "--leader-elect=false", "--secure-port=0",
        ]  # fmt: skip
        with running(counting, folder / "controllers.log"):
            yield kubeconfig


def add_nodes(admin: Admin) -> None:
    """Make two nodes, of which one is tainted, and a pod on each."""
    _make_namespace(admin, "elsewhere")
    other = admin.in_namespace("elsewhere")
    other.make("ServiceAccount", "default")
    for node in _NODES:
        name = node["metadata"]["name"]
        admin.apply({"kind": "Node", **node})
        # The API server taints every new node, until a controller finds it ready.
        admin.cluster.http.patch(
            admin.path("Node", name), json={"spec": {"taints": node["spec"].get("taints")}},
            headers=_STATUS,
        ).raise_for_status()  # fmt: skip
        admin.write_status("Node", name, node["status"])
        other.apply(a_pod(f"on-{name}", cpu="500m", memory="1Gi", nodeName=name))


def a_pod(name: str, cpu: str, memory: str, **spec: Any) -> Manifest:
    """Return a pod that asks for something."""
    requests = {"requests": {"cpu": cpu, "memory": memory}}
    container = {"name": "it", "image": "registry.example/it:1", "resources": requests}
    return {"kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container], **spec}}


def install_kserve(admin: Admin) -> None:
    """Install KServe's kinds and settings, and the Deployment of a controller that is ready."""
    found = kserve.manifests(DEFAULT_KSERVE)
    for definition in found.definitions:
        admin.apply(definition)
    own = admin.in_namespace(kserve.NAMESPACE)
    _make_namespace(own, kserve.NAMESPACE)
    for manifest in found.controller:
        if manifest["kind"] in {"ConfigMap", "Deployment"}:
            own.apply(manifest)
    ready = {"replicas": 1, "readyReplicas": 1}
    own.write_status("Deployment", kserve.CONTROLLER, ready)
    for version, kind in (("v1beta1", "inferenceservices"), ("v1alpha1", "servingruntimes")):
        path = f"/apis/serving.kserve.io/{version}/namespaces/default/{kind}"
        wait_for(lambda path=path: admin.cluster.http.get(path).is_success, kind)  # type: ignore[misc]
    schema = "/openapi/v3/apis/serving.kserve.io/v1beta1"
    wait_for(lambda: "InferenceService" in admin.cluster.http.get(schema).text, "the schema")


def prepare_namespace(admin: Admin) -> None:
    """Make a namespace as `manifests/base` and Kubeflow Pipelines leave it, with a full Secret."""
    _make_namespace(admin, admin.cluster.namespace)
    admin.make("ServiceAccount", "pipeline-runner")
    for name in ("role", "rolebinding", "serviceaccount"):
        admin.apply(read_manifest(name))
    make_secret(admin, "recorded")


def make_secret(admin: Admin, key: str) -> None:
    """Make the store's Secret."""
    manifest = {
        "kind": "Secret",
        "metadata": {
            "name": "viewfinder-storage",
            "annotations": {"serving.kserve.io/s3-endpoint": "store.example:9000"},
        },
        "stringData": {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": key},
    }
    admin.apply(manifest)


def add_runtime(admin: Admin) -> None:
    """Make the runtime of `manifests/base`, with the recordings' image."""
    runtime = read_manifest("servingruntime-predictor")
    runtime["spec"]["containers"][0]["image"] = IMAGE
    admin.apply(runtime)


def read_manifest(name: str) -> Manifest:
    """Return a manifest of `manifests/base`."""
    return dict(yaml.safe_load((_MANIFESTS / f"{name}.yaml").read_text()))


def _make_namespace(admin: Admin, name: str) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "baseline"}
    admin.apply({"kind": "Namespace", "metadata": {"name": name, "labels": labels}})
