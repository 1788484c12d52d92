"""The kubeconfig that was looked for is named, whatever is wrong with it."""

import json
from pathlib import Path

import pytest

from viewfinder_components.deployment.kubernetes.cluster import Cluster
from viewfinder_components.deployment.kubernetes.kubeconfig import kubeconfig_path
from viewfinder_components.errors import PermanentError
from viewfinder_pipelines.kubeflow.client import connect
from viewfinder_pipelines.settings.file import KubeflowSettings

GOOD = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}],
    "users": [{"name": "u", "user": {"token": "t"}}],
    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "team"}}],
    "current-context": "c",
}
BROKEN = ["", "a: [", "a: b", "[]", json.dumps({**GOOD, "current-context": "x"})]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KUBECONFIG", "KFP_HOST", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize("content", BROKEN)
def test_a_file_that_is_no_kubeconfig(
    content: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home / "config"
    path.write_text(content)
    monkeypatch.setenv("KUBECONFIG", str(path))
    with pytest.raises(PermanentError, match=f"a kubeconfig, received {path}, which cannot be"):
        Cluster.connect()
    with pytest.raises(PermanentError, match=f"a kubeconfig, received {path}, which cannot be"):
        connect(KubeflowSettings())


@pytest.mark.parametrize("named", [None, "", "/no/such/file", "/no/such/file:/nor/this"])
def test_no_file_at_all(named: str | None, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if named is not None:
        monkeypatch.setenv("KUBECONFIG", named)
    path = named or f"{home}/.kube/config"
    with pytest.raises(PermanentError, match=f"received no file at {path}; set KUBECONFIG"):
        Cluster.connect()
    with pytest.raises(PermanentError, match=f"no KFP_HOST and no kubeconfig at {path}; name"):
        connect(KubeflowSettings())


def test_the_namespace_is_the_contexts(home: Path) -> None:
    (home / ".kube").mkdir()
    Path(kubeconfig_path()).write_text(json.dumps(GOOD))
    assert Cluster.connect().namespace == "team"
    assert Cluster.connect("mine").namespace == "mine"
