"""The notebook server as Kubeflow's notebook controller would start it, and the notebooks in it.

The namespace enforces the pod security standard `restricted`. The second notebook needs Kubeflow
Pipelines in the cluster: KFP_TEST_SETTINGS names a viewfinder.toml for it, as for tests/kubeflow.
"""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from kubernetes import client
from tests.cluster.conftest import making_namespaces, making_volumes
from tests.cluster.notebook_controller import apply_pod_default, make_service, make_stateful_set
from tests.fixtures.waiting import wait_for
from tests.fixtures.wheels import write_wheel
from tests.testbed import stores
from tests.testbed.node import Node
from tests.testbed.programs import find_kubectl

ROOT = Path(__file__).parents[2]
IMAGE = "localhost/viewfinder/notebook:test"
NOTEBOOKS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
NEEDS_KUBEFLOW = "2-the-same-pipeline-on-kubeflow.ipynb"
USER = 65532
pytestmark = pytest.mark.xdist_group("notebook server")  # all use the one server


@dataclass(frozen=True)
class Server:
    """A notebook server that accepts requests.

    Attributes:
        pod: Its pod.
        home: The workspace's folder on this machine.
    """

    core: client.CoreV1Api
    namespace: str
    name: str
    pod: str
    home: Path

    def get(self, path: str) -> str:
        """Return what the server's Service answers under the notebook's prefix."""
        prefix = f"/notebook/{self.namespace}/{self.name}"
        service = f"/api/v1/namespaces/{self.namespace}/services/{self.name}:80/proxy"
        answer, status, _ = self.core.api_client.call_api(
            f"{service}{prefix}{path}", "GET", auth_settings=["BearerToken"],
            response_type="str", _preload_content=True,
        )  # fmt: skip
        assert status == 200
        return str(answer)

    def run(self, *command: str, seconds: int = 60) -> tuple[int, str]:
        """Run a command in the container; return its exit code and its output."""
        prefix = [str(find_kubectl()), "exec", f"--namespace={self.namespace}", self.pod, "--"]
        done = subprocess.run(
            [*prefix, *command], capture_output=True, text=True, timeout=seconds, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def restart(self) -> None:
        """Delete the pod, as stopping and starting in Kubeflow's pages does, and await the next."""
        before = self.core.read_namespaced_pod(self.pod, self.namespace).metadata.uid
        self.core.delete_namespaced_pod(self.pod, self.namespace)
        wait_for(lambda: self.is_ready(other_than=before), "the next pod to be ready", 120)

    def is_ready(self, other_than: str = "") -> bool:
        """Tell whether the pod is ready, and is not the one with this uid."""
        try:
            pod = self.core.read_namespaced_pod(self.pod, self.namespace)
        except client.ApiException as error:
            if error.status != 404:
                raise
            return False
        conditions = pod.status.conditions or []
        ready = any(c.type == "Ready" and c.status == "True" for c in conditions)
        return ready and pod.metadata.uid != other_than

    def count_restarts(self) -> int:
        """Return how often the pod's container was started again."""
        pod = self.core.read_namespaced_pod(self.pod, self.namespace)
        return int(pod.status.container_statuses[0].restart_count)


def read_manifest(path: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "manifests" / path).read_text())
    return document


@pytest.fixture(scope="module")
def server(
    api: client.ApiClient, node: Node, s3: stores.S3, require_image: Callable[[str], None]
) -> Iterator[Server]:
    """The server of `manifests/notebook`, with a volume that only its user may write to."""
    require_image(IMAGE)
    core = client.CoreV1Api(api)
    with making_namespaces(api) as new_namespace, making_volumes(node, api) as new_volume:
        namespace = new_namespace()
        core.create_namespaced_service_account(namespace, {"metadata": {"name": "default-editor"}})
        storage = {"metadata": {"name": "viewfinder-storage"}, "stringData": s3.environment}
        core.create_namespaced_secret(namespace, storage)
        volume = new_volume(namespace)
        os.chown(volume.folder, 0, USER)  # as fsGroup would; Kubernetes leaves a hostPath as it is
        volume.folder.chmod(0o2770)
        notebook = read_manifest("notebook/notebook.yaml")
        notebook["metadata"]["namespace"] = namespace
        pod = notebook["spec"]["template"]["spec"]
        pod["containers"][0]["image"] = IMAGE
        pod["volumes"][0]["persistentVolumeClaim"]["claimName"] = volume.claim
        stateful_set = make_stateful_set(notebook)
        apply_pod_default(
            read_manifest("overlays/kubeflow/poddefault.yaml"), stateful_set["spec"]["template"]
        )
        client.AppsV1Api(api).create_namespaced_stateful_set(namespace, stateful_set)
        core.create_namespaced_service(namespace, make_service(notebook))
        name = notebook["metadata"]["name"]
        made = Server(core, namespace, name, f"{name}-0", volume.folder)
        wait_for(made.is_ready, "the notebook server to be ready", seconds=120)
        yield made


def test_it_serves_under_the_prefix_that_kubeflow_gives_it(server: Server) -> None:
    assert json.loads(server.get("/api/status").replace("'", '"'))["kernels"] == 0
    assert "<title>JupyterLab</title>" in server.get("/lab")


def test_it_runs_without_root_and_with_a_token_for_kubeflow_pipelines(server: Server) -> None:
    code, output = server.run("sh", "-c", 'id -u; cat "$KF_PIPELINES_SA_TOKEN_PATH"')
    assert code == 0, output
    user, token = output.split()
    assert user == str(USER)
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["aud"] == ["pipelines.kubeflow.org"]
    assert claims["sub"] == f"system:serviceaccount:{server.namespace}:default-editor"


def test_it_has_the_credentials_of_the_store(server: Server, s3: stores.S3) -> None:
    bucket = s3.create_bucket()
    source = (
        "import boto3; print([b['Name'] for b in boto3.client('s3').list_buckets()['Buckets']])"
    )
    code, output = server.run("python3", "-c", source)
    assert code == 0, output
    assert bucket in output


def test_packages_that_a_user_installs_stay_in_the_workspace(
    server: Server, tmp_path: Path
) -> None:
    wheel = write_wheel(tmp_path, "own_package")
    (server.home / wheel.name).write_bytes(wheel.read_bytes())
    code, output = server.run("python3", "-m", "pip", "install", "--no-index", wheel.name)
    assert code == 0, output
    code, output = server.run("python3", "-c", "import own_package; print(own_package.__file__)")
    assert (code, output.strip()) == (0, "/home/jovyan/.packages/python3.11/own_package.py")


def test_a_restart_keeps_changed_notebooks(server: Server) -> None:
    (folder,) = server.home.glob("viewfinder-*/notebooks")
    assert sorted(path.name for path in folder.glob("*.ipynb")) == NOTEBOOKS
    changed = folder / NOTEBOOKS[0]
    before = changed.read_text()
    changed.write_text(before.replace('"cells"', ' "cells"'))
    server.restart()
    assert changed.read_text() != before
    changed.write_text(before)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_from_top_to_bottom(server: Server, name: str) -> None:
    (folder,) = server.home.glob("viewfinder-*/notebooks")
    if name == NEEDS_KUBEFLOW:
        if "KFP_TEST_SETTINGS" not in os.environ:
            pytest.skip("needs Kubeflow Pipelines in the cluster: set KFP_TEST_SETTINGS")
        shutil.copy(os.environ["KFP_TEST_SETTINGS"], folder / "viewfinder.toml")
    inside = f"/home/jovyan/{folder.relative_to(server.home)}/{name}"
    code, output = server.run(
        "jupyter", "execute", "--timeout=1000", "--output=done.ipynb", inside, seconds=1000
    )
    assert code == 0, output
    (done,) = server.home.rglob("done.ipynb")
    outputs = [one for cell in nbformat.read(done, 4).cells for one in cell.get("outputs", ())]
    done.unlink()
    assert [one.text for one in outputs if one.get("name") == "stderr"] == []
    assert server.count_restarts() == 0  # as after running out of memory
