"""The pods of a service, through an API server that is played."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

import pytest
from tests.fixtures.drift_metrics import count_photos, make_reference, write_metrics
from tests.fixtures.loopback import QuietHandler, serving

from viewfinder.drifting import drift
from viewfinder.watching import watch
from viewfinder_components.errors import PermanentError

PAGE = 'viewfinder_ready 1.0\nviewfinder_model_info{model="fruit",version="3"} 1.0\n'
FORBIDDEN = {
    "message": 'pods "a:8080" is forbidden: User "ann" cannot get resource "pods/proxy" in API '
    'group "" in the namespace "shop"'
}


def pod(name: str, phase: str = "Running", port: str = "8080") -> dict[str, Any]:
    annotations = {"prometheus.kserve.io/port": port}
    return {"metadata": {"name": name, "annotations": annotations}, "status": {"phase": phase}}


class _Server(QuietHandler):
    pods: ClassVar[list[dict[str, Any]]] = []
    pages: ClassVar[dict[str, tuple[int, str]]] = {}

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path.endswith("/inferenceservices/fruit") or path == "/api/v1/namespaces/shop":
            self.send(200, b"{}")
        elif path == "/api/v1/namespaces/shop/pods":
            labels = "serving.kserve.io/inferenceservice=fruit,component=predictor"
            assert unquote(query) == f"labelSelector={labels}"
            self.send(200, json.dumps({"items": self.pods}).encode())
        elif path == "/readyz":
            self.send(200, b"ok")
        else:
            name = unquote(path).removeprefix("/api/v1/namespaces/shop/pods/")
            status, text = self.pages.get(name.removesuffix("/proxy/metrics"), (404, "{}"))
            self.send(status, text.encode())


@pytest.fixture(autouse=True)
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Server]]:
    with serving(_Server) as url:
        kubeconfig = {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": url}}],
            "users": [{"name": "u", "user": {}}],
        }
        path = tmp_path / "kubeconfig"
        path.write_text(json.dumps(kubeconfig))
        monkeypatch.setenv("KUBECONFIG", str(path))
        yield _Server


def test_each_pod_says_what_it_does_or_why_it_does_not(cluster: type[_Server]) -> None:
    cluster.pods = [
        pod("c", "Pending"), pod("a", port="9000"), pod("b"), pod("d", "Failed"), pod("e"),
    ]  # fmt: skip
    unreachable = json.dumps({"message": "error trying to reach service: refused"})
    cluster.pages = {"a:9000": (200, PAGE), "b:8080": (503, unreachable), "e:8080": (200, "x 1\n")}
    found = watch("fruit", namespace="shop", interval=0.1)
    next(found)
    figures = next(found)
    found.close()  # type: ignore[attr-defined]
    a, b, c, e = figures.replicas
    assert (a.address, a.problem, a.is_ready, a.version) == ("a", "", True, "3")
    assert "error trying to reach service: refused" in b.problem
    assert c.problem == "its pod is Pending"
    assert e.problem == "it has no metrics of Viewfinder's predictor"


def test_a_service_without_pods(cluster: type[_Server]) -> None:
    cluster.pods = []
    assert next(watch("fruit", namespace="shop", interval=0.1)).replicas == ()


def test_a_service_that_is_not_there() -> None:
    with pytest.raises(PermanentError) as caught:
        next(watch("pear", namespace="shop"))
    assert str(caught.value).startswith(
        "expected an InferenceService pear in namespace shop, received none; correct its name"
    )


def test_a_permission_that_is_missing(cluster: type[_Server]) -> None:
    cluster.pods, cluster.pages = [pod("a")], {"a:8080": (403, json.dumps(FORBIDDEN))}
    with pytest.raises(PermanentError) as caught:
        next(watch("fruit", namespace="shop"))
    rule = "{apiGroups: [''], resources: ['pods/proxy'], verbs: ['get']}"
    assert rule in str(caught.value)


def test_the_drift_of_all_pods_together(cluster: type[_Server]) -> None:
    reference = make_reference()
    pages = [
        write_metrics(reference, count_photos(reference, 100, {"brightness": 0.9}, seed))
        for seed in (1, 2)
    ]
    cluster.pods = [pod("a"), pod("b"), pod("c", "Pending")]
    cluster.pages = {"a:8080": (200, pages[0]), "b:8080": (200, pages[1])}
    found = drift("fruit", namespace="shop")
    (version,) = found.versions
    assert version.photos == 200
    assert [one.name for one in version.drifted] == ["brightness"]
    assert found.unread == {"c": "its pod is Pending"}
