"""`viewfinder prune --namespace` on a real cluster removes nothing that serves, or may serve."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kubernetes import client
from tests.cluster.deployments import MODEL, Stage, kubeconfig_of
from tests.fixtures.waiting import wait_for
from tests.testbed.stores import S3

from viewfinder.cli.main import main
from viewfinder_components.deployment.kserve.kserve_version import SERVING
from viewfinder_components.deployment.kubernetes.cluster import Cluster
from viewfinder_components.publishing.config import PublishConfig
from viewfinder_components.publishing.publish import publish_version
from viewfinder_components.storage.store import open_store

Prune = Callable[..., Result]
RULES = [
    {"apiGroups": ["serving.kserve.io"], "resources": ["inferenceservices"], "verbs": ["list"]},
    {"apiGroups": [""], "resources": ["pods", "configmaps"], "verbs": ["list"]},
    {"apiGroups": ["apps"], "resources": ["replicasets"], "verbs": ["list"]},
    {"apiGroups": ["serving.knative.dev"], "resources": ["revisions"], "verbs": ["list"]},
]


@pytest.fixture
def root(
    s3: S3,
    make_servable: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """A model root in the cluster's store, with versions 1 to 4."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    root = f"s3://{s3.create_bucket()}/models"
    for number in range(1, 5):
        servable = make_servable(f"run-{number}")
        publish_version(servable, PublishConfig(root, MODEL, servable.name))
    return root


@pytest.fixture
def prune(root: str, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> Prune:
    """Runs `viewfinder prune --keep 1` with all rights."""
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))

    def run(*arguments: str, code: int = 0) -> Result:
        where = () if "--model-root" in arguments else ("--model-root", root)
        command = ["prune", MODEL, *where, "--keep", "1", *arguments]
        result = CliRunner().invoke(main, command)
        assert result.exit_code == code, result.output
        return result

    return run


def numbers(root: str) -> list[int]:
    return [version.number for version in open_store(root).versions(MODEL)]


def serve(namespace: str, uri: str, name: str = MODEL, **metadata: Any) -> None:
    """Make an InferenceService; whether it becomes ready does not matter here."""
    predictor = {"model": {"modelFormat": {"name": "viewfinder"}, "storageUri": uri}}
    with Cluster.connect(namespace) as cluster:
        body = {
            "apiVersion": "serving.kserve.io/v1beta1",
            "kind": "InferenceService",
            "metadata": {"name": name, **metadata},
            "spec": {"predictor": predictor},
        }
        cluster.apply(cluster.path(SERVING, "inferenceservices", name), body, force=True)


def test_a_misspelt_namespace_removes_nothing(prune: Prune, root: str, namespace: str) -> None:
    serve(namespace, f"{root}/{MODEL}/1/")
    refused = prune("--namespace", f"{namespace}s", code=1)
    assert f"expected a namespace {namespace}s on the cluster" in refused.stderr
    assert "received no such namespace" in refused.stderr
    # Not even for who confirms that nothing serves in a namespace.
    prune("--namespace", f"{namespace}s", "--nothing-served", code=1)
    assert numbers(root) == [1, 2, 3, 4]
    done = prune("--namespace", namespace)
    assert numbers(root) == [1, 4]
    assert f"/{MODEL}/1: {MODEL} in namespace {namespace} serves it" in done.stdout


def test_a_namespace_that_serves_none_of_these_versions_is_doubted(
    prune: Prune, root: str, namespace: str
) -> None:
    refused = prune("--namespace", namespace, code=1)
    assert "received no service of that model" in refused.stderr
    assert "add --nothing-served" in refused.stderr
    serve(namespace, "s3://another-bucket/fruit/2/")
    assert "only s3://another-bucket/fruit/2/" in prune("--namespace", namespace, code=1).stderr
    assert numbers(root) == [1, 2, 3, 4]
    prune("--namespace", namespace, "--nothing-served")
    assert numbers(root) == [2, 4]  # 2 may be the same place under another name


def test_what_another_namespace_serves_stays(
    prune: Prune, root: str, namespace: str, new_namespace: Callable[..., str]
) -> None:
    other = new_namespace()
    serve(namespace, f"{root}/{MODEL}/1/")
    serve(other, f"{root}/{MODEL}/2/", "elsewhere")
    serve(other, f"s3://another-bucket/{MODEL}/3/", "another-model")
    done = prune("--namespace", namespace)
    assert f"/{MODEL}/2: elsewhere in namespace {other} serves it" in done.stdout
    assert numbers(root) == [1, 2, 4]


def test_with_rights_in_one_namespace_only(
    prune: Prune,
    root: str,
    namespace: str,
    api: client.ApiClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who may not read namespaces learns of a misspelt one by what is not permitted there."""
    serve(namespace, f"{root}/{MODEL}/1/")
    rights = client.RbacAuthorizationV1Api(api)
    rights.create_namespaced_role(namespace, {"metadata": {"name": "pruner"}, "rules": RULES})
    account = {"kind": "ServiceAccount", "name": "default", "namespace": namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "pruner"}
    binding = {"metadata": {"name": "pruner"}, "roleRef": role, "subjects": [account]}
    rights.create_namespaced_role_binding(namespace, binding)
    with Cluster.connect(namespace) as admin:
        (tmp_path / "limited").write_text(json.dumps(kubeconfig_of(admin, "default")))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "limited"))
    refused = prune("--namespace", f"{namespace}s", code=1)
    assert "permission to list inferenceservices" in refused.stderr
    assert f"if {namespace}s is not the namespace you mean, correct its name" in refused.stderr
    assert numbers(root) == [1, 2, 3, 4]
    prune("--namespace", namespace)
    assert numbers(root) == [1, 4]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("mode", ["Knative"])
def test_the_stable_revision_of_a_canary_stays_without_any_pod(
    stage: Stage, kubeconfig: Path, prune: Prune, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The InferenceService names the canary's version only, and no pod names any."""
    stage.deploy(stage.publish(1), min_replicas=0)
    model = {"storageUri": stage.publish(2).uri + "/", "args": ["--model-version=2"]}
    stage.admin.http.patch(
        stage.admin.path(SERVING, "inferenceservices", MODEL),
        json={"spec": {"predictor": {"canaryTrafficPercent": 20, "model": model}}},
        headers={"content-type": "application/merge-patch+json"},
    ).raise_for_status()
    stage.publish(3)
    wait_for(lambda: len(traffic(stage)) == 2, "requests to go to both revisions", 120)
    wait_for(lambda: not stage.pods(), "the pods to go", 120)
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    root = f"s3://{stage.bucket}/models"
    done = prune("--namespace", stage.admin.namespace, "--model-root", root, "--dry-run")
    for number in (1, 2):
        assert f"kept {root}/{MODEL}/{number}: {MODEL} in namespace" in done.stdout


def traffic(stage: Stage) -> set[str]:
    """The revisions that get requests."""
    targets = stage.workload().get("status", {}).get("traffic") or []
    return {target["revisionName"] for target in targets if target.get("percent")}
