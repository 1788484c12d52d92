"""A real Kubernetes with KServe, an S3 store and a Cloud Storage server, for every cluster test.

The cluster is the one that KUBECONFIG names: the project's own test bed (`make cluster-up`), or any
other with KServe in it. Without KUBECONFIG every test here is skipped, and says so.

kubeconfig: the file's path
api: a kubernetes `ApiClient` with an administrator's rights
namespace: the name of a fresh namespace, pod security `restricted`; removed afterwards
new_namespace: a function that makes more of them, as in `new_namespace(enforce="baseline")`
s3, gcs: `tests.testbed.stores.S3` and `Gcs`: `endpoint` (good on this machine and in pods),
    `environment`, `client()`, `create_bucket()`
new_volume: a function, `new_volume(namespace) -> Volume(claim, folder)`: a bound
    PersistentVolumeClaim and its folder on this machine
require_image: a function that skips the test unless the node holds an image of that name
kill_kserve_controller: a function; SIGKILL to the controller's pod, without waiting for the next
kill_api_server: a function; SIGKILL to the API server, which a supervisor starts again
without_s3: a function that returns a context manager: `with without_s3():` the S3 store is gone,
    afterwards it is back with its data
without_api_server: likewise, no API server runs
with_knative: skips the test unless the cluster has Knative Serving with the test bed's ingress
mode: KServe's mode, "Standard" unless the test or its module says otherwise
stage: `tests.cluster.deployments.Stage`: the namespace with the project's manifests, a bucket and
    the predictor's image; KUBECONFIG is that of the pipeline's own account

What needs the node itself (`new_volume`, the API server's death) is skipped on a cluster that is
not the project's own.

Tests may run side by side (WORKERS in `run.sh`). One that takes away what others stand on is
`disruptive`, by its fixtures or by a mark, and runs with no other beside it.
"""

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from kubernetes import client, config
from tests.cluster.deployments import PREDICTOR_IMAGE, Stage, prepare_stage
from tests.fixtures.waiting import wait_for
from tests.testbed import knative, stores
from tests.testbed.node import Node

_CONTROLLER = {"namespace": "kserve", "label_selector": "control-plane=kserve-controller-manager"}
_DISRUPTIVE = {"kill_kserve_controller", "kill_api_server", "without_s3", "without_api_server"}
_IMAGE_SECONDS = 30  # the kubelet tells of a new image a while after it was loaded


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that take programs of the cluster away."""
    for item in items:
        if _DISRUPTIVE & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.disruptive)


@dataclass(frozen=True)
class Volume:
    """A PersistentVolumeClaim and the folder behind it on this machine."""

    claim: str
    folder: Path


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """The file that KUBECONFIG names."""
    path = os.environ.get("KUBECONFIG")
    if not path:
        pytest.skip("needs a cluster: `make test-cluster`, or set KUBECONFIG to one with KServe")
    return Path(path).resolve(strict=True)


@pytest.fixture(scope="session")
def api(kubeconfig: Path) -> Iterator[client.ApiClient]:
    """A client of the cluster, with the rights of KUBECONFIG."""
    with config.new_client_from_config(str(kubeconfig)) as api:
        yield api


@contextmanager
def making_namespaces(api: client.ApiClient) -> Iterator[Callable[..., str]]:
    """Yield a function that makes namespaces with a pod security standard; remove them after."""
    core, made = client.CoreV1Api(api), []

    def make(enforce: str = "restricted", prefix: str = "test") -> str:
        name = f"{prefix}-{uuid.uuid4().hex[:8]}"
        labels = {"pod-security.kubernetes.io/enforce": enforce}
        core.create_namespace({"metadata": {"name": name, "labels": labels}})
        made.append(name)
        return name

    try:
        yield make
    finally:
        for name in made:
            core.delete_namespace(name)


@pytest.fixture
def new_namespace(api: client.ApiClient) -> Iterator[Callable[..., str]]:
    """Make namespaces with a pod security standard; all are removed after the test."""
    with making_namespaces(api) as make:
        yield make


@pytest.fixture
def namespace(new_namespace: Callable[..., str]) -> str:
    """A fresh namespace that admits only what the standard `restricted` admits."""
    return new_namespace()


@pytest.fixture(scope="session")
def s3(api: client.ApiClient) -> stores.S3:
    """The cluster's S3 store."""
    try:
        return stores.find_s3(api)
    except client.ApiException as error:
        pytest.skip(f"needs Service and Secret `s3` in namespace `stores`: {error.reason}")


@pytest.fixture(scope="session")
def gcs(api: client.ApiClient) -> stores.Gcs:
    """The cluster's Cloud Storage server."""
    try:
        return stores.find_gcs(api)
    except client.ApiException as error:
        pytest.skip(f"needs Service `gcs` in namespace `stores`: {error.reason}")


@pytest.fixture(scope="session")
def node(kubeconfig: Path) -> Node:
    """The project's own node: its processes and its folders."""
    node = Node.of(kubeconfig)
    if node is None:
        pytest.skip("needs the project's own cluster: it kills processes of the node")
    return node


@contextmanager
def making_volumes(node: Node, api: client.ApiClient) -> Iterator[Callable[[str], Volume]]:
    """Yield a function that makes bound volumes whose folders this machine sees."""
    core, made = client.CoreV1Api(api), []

    def make(namespace: str) -> Volume:
        name = f"volume-{uuid.uuid4().hex[:8]}"
        folder = node.new_folder(name)
        shape = {"accessModes": ["ReadWriteMany"], "storageClassName": ""}
        source = {"hostPath": {"path": str(folder), "type": "Directory"}}
        capacity = {"capacity": {"storage": "1Gi"}}
        core.create_persistent_volume(
            {"metadata": {"name": name}, "spec": shape | source | capacity}
        )
        wanted = {"resources": {"requests": {"storage": "1Gi"}}, "volumeName": name}
        claim = {"metadata": {"name": name}, "spec": shape | wanted}
        core.create_namespaced_persistent_volume_claim(namespace, claim)
        made.append(name)
        return Volume(name, folder)

    try:
        yield make
    finally:
        for name in made:
            core.delete_persistent_volume(name)


@pytest.fixture
def new_volume(node: Node, api: client.ApiClient) -> Iterator[Callable[[str], Volume]]:
    """Make bound volumes whose folders this machine sees; removed after the test."""
    with making_volumes(node, api) as make:
        yield make


@pytest.fixture(scope="session")
def require_image(api: client.ApiClient) -> Callable[[str], None]:
    """Skip a test unless the node holds the image it needs."""

    def is_held(name: str) -> bool:
        nodes = client.CoreV1Api(api).list_node().items
        images = [image for node in nodes for image in node.status.images]
        # Without names: an older image that a pod still runs.
        return any(name in (image.names or ()) for image in images)

    def require(name: str) -> None:
        deadline = time.monotonic() + _IMAGE_SECONDS
        while not is_held(name):
            if time.monotonic() > deadline:
                pytest.skip(f"needs the image {name} on the node: `python -m tests.testbed load`")
            time.sleep(1)

    return require


@pytest.fixture
def mode() -> str:
    """KServe's mode in which a test deploys; a module that overrides this runs in both."""
    return "Standard"


@pytest.fixture
def stage(
    kubeconfig: Path,
    api: client.ApiClient,
    mode: str,
    namespace: str,
    s3: stores.S3,
    tmp_path: Path,
    require_image: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Stage]:
    """A namespace ready for deploys, and what runs in the test has the pipeline's rights there."""
    require_image(PREDICTOR_IMAGE)
    if mode == "Knative":
        _require_knative(api)
    with prepare_stage(kubeconfig, namespace, s3, tmp_path, mode) as made:
        monkeypatch.setenv("KUBECONFIG", str(made.kubeconfig))
        yield made


@pytest.fixture
def with_knative(api: client.ApiClient) -> None:
    """Skip a test unless the cluster has Knative Serving."""
    _require_knative(api)


def _require_knative(api: client.ApiClient) -> None:
    try:
        client.CoreV1Api(api).read_namespace(knative.INGRESS_NAMESPACE)
    except client.ApiException as error:
        pytest.skip(f"needs Knative with the test bed's ingress: {error.reason}")


@pytest.fixture
def kill_kserve_controller(api: client.ApiClient) -> Callable[[], None]:
    """Kill KServe's controller at once; its Deployment makes the next one."""
    core = client.CoreV1Api(api)

    def kill() -> None:
        pods = core.list_namespaced_pod(**_CONTROLLER).items
        assert pods, "KServe's controller is not running"
        for pod in pods:
            core.delete_namespaced_pod(
                pod.metadata.name, pod.metadata.namespace, grace_period_seconds=0
            )

    return kill


@pytest.fixture
def kill_api_server(node: Node) -> Callable[[], None]:
    """Kill the API server at once; the node's supervisor starts the next one."""
    return lambda: node.kill("kube-apiserver")


@pytest.fixture
def without_api_server(node: Node) -> Callable[[], AbstractContextManager[None]]:
    """Take the API server away for as long as the context lasts."""
    return lambda: node.without("kube-apiserver")


@pytest.fixture
def without_s3(api: client.ApiClient, s3: stores.S3) -> Callable[[], AbstractContextManager[None]]:
    """Take the S3 store away for as long as the context lasts; its data stays."""
    apps = client.AppsV1Api(api)

    def scale(replicas: int) -> None:
        body = {"spec": {"replicas": replicas}}
        apps.patch_namespaced_deployment_scale(stores.S3_SERVICE, stores.NAMESPACE, body)
        wait_for(lambda: _ready_replicas() == replicas, f"{replicas} pods of the S3 store")

    def _ready_replicas() -> int:
        found = apps.read_namespaced_deployment(stores.S3_SERVICE, stores.NAMESPACE)
        return found.status.ready_replicas or 0

    @contextmanager
    def away() -> Iterator[None]:
        scale(0)
        try:
            yield
        finally:
            scale(1)

    return away
