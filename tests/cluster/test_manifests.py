"""Every kustomization, built and sent to the real API server."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client
from tests.fixtures.waiting import wait_for
from tests.testbed.programs import find_kubectl

MANIFESTS = Path(__file__).parents[2] / "manifests"
FOLDERS = sorted(
    path.parent.relative_to(MANIFESTS) for path in MANIFESTS.rglob("kustomization.yaml")
)
RUNTIMES = sorted(MANIFESTS.glob("base/servingruntime-*.yaml"))
FOREIGN_KINDS = (
    ("PodDefault", "kubeflow.org", "v1alpha1"),
    ("Notebook", "kubeflow.org", "v1"),
    ("PodMonitor", "monitoring.coreos.com", "v1"),
    ("PrometheusRule", "monitoring.coreos.com", "v1"),
)
Kubectl = Callable[..., str]
pytestmark = pytest.mark.xdist_group("kubeflow kinds")  # one process makes and removes them


@pytest.fixture(scope="session")
def kubectl(kubeconfig: Path) -> Kubectl:
    """Run kubectl with KUBECONFIG's rights and return what it prints."""
    program = find_kubectl()

    def run(*arguments: str | Path) -> str:
        command = [program, "--kubeconfig", kubeconfig, "--request-timeout=20s", *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def describe_kind(kind: str, group: str, version: str) -> dict[str, Any]:
    """Return a definition of a kind, as far as the API server needs it."""
    plural = f"{kind.lower()}s"
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    served = {"name": version, "served": True, "storage": True}
    return {
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [served | {"schema": {"openAPIV3Schema": anything}}],
        },
    }


def is_served(crds: client.ApiextensionsV1Api, name: str) -> bool:
    """Tell whether the API server serves a custom resource."""
    conditions = crds.read_custom_resource_definition(name).status.conditions or []
    return any(c.type == "Established" and c.status == "True" for c in conditions)


@pytest.fixture(scope="session")
def foreign_kinds(api: client.ApiClient) -> Iterator[None]:
    """Kinds of Kubeflow and Prometheus Operator, where these are not installed."""
    crds, made = client.ApiextensionsV1Api(api), []
    for kind, group, version in FOREIGN_KINDS:
        body = describe_kind(kind, group, version)
        try:
            crds.create_custom_resource_definition(body)
        except client.ApiException as error:
            if error.status != 409:
                raise
        else:
            made.append(body["metadata"]["name"])
    for name in made:
        wait_for(lambda: is_served(crds, name), f"{name} to be served")  # noqa: B023
    yield
    for name in made:
        crds.delete_custom_resource_definition(name)


def copy_for(namespace: str, folder: Path, target: Path) -> Path:
    """Copy the manifests and set the namespace of one kustomization, as the README says it."""
    shutil.copytree(MANIFESTS, target)
    path = target / folder / "kustomization.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"namespace": namespace}))
    return path.parent


@pytest.mark.usefixtures("foreign_kinds")
@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_the_api_server_takes_every_kustomization(
    folder: Path, namespace: str, kubectl: Kubectl, tmp_path: Path
) -> None:
    copy = copy_for(namespace, folder, tmp_path / "manifests")
    built = list(yaml.safe_load_all(kubectl("kustomize", copy)))
    answer = kubectl("apply", "--server-side", "--dry-run=server", "-k", copy, "-o", "json")
    taken = json.loads(answer)
    taken = taken["items"] if taken["kind"] == "List" else [taken]

    def names(objects: list[dict[str, Any]]) -> set[tuple[str, str]]:
        return {(found["kind"], found["metadata"]["name"]) for found in objects}

    assert names(taken) == names(built)


@pytest.mark.usefixtures("foreign_kinds")
def test_applying_twice_changes_nothing(namespace: str, kubectl: Kubectl, tmp_path: Path) -> None:
    copy = copy_for(namespace, Path("overlays/kubeflow"), tmp_path / "manifests")
    first = json.loads(kubectl("apply", "--server-side", "-k", copy, "-o", "json"))["items"]
    second = json.loads(kubectl("apply", "--server-side", "-k", copy, "-o", "json"))["items"]

    def versions(objects: list[dict[str, Any]]) -> dict[str, str]:
        return {
            o["metadata"]["name"] + o["kind"]: o["metadata"]["resourceVersion"] for o in objects
        }

    assert versions(first) == versions(second)


@pytest.mark.parametrize("path", RUNTIMES, ids=lambda path: path.stem)
def test_a_runtimes_pod_is_admitted_where_restricted_is_enforced(
    path: Path, namespace: str, api: client.ApiClient
) -> None:
    spec = yaml.safe_load(path.read_text())["spec"]
    pod = {
        "metadata": {"name": "runtime"},
        "spec": {"containers": spec["containers"], "volumes": spec.get("volumes", [])},
    }
    core = client.CoreV1Api(api)
    core.create_namespaced_pod(namespace, pod, dry_run="All")
    # The namespace does enforce it: the same pod with one field less is refused.
    del spec["containers"][0]["securityContext"]["capabilities"]
    with pytest.raises(client.ApiException, match="violates PodSecurity"):
        core.create_namespaced_pod(namespace, pod, dry_run="All")
