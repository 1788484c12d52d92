"""What a user is told who is not let in; real HTTP on this machine plays what stands in the way."""

import json
from collections.abc import Iterator

import pytest
from tests.fixtures.loopback import QuietHandler, serving

from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError
from viewfinder_pipelines.kubeflow import kfp_private
from viewfinder_pipelines.kubeflow.client import Kubeflow, connect
from viewfinder_pipelines.settings.file import KubeflowSettings


class _Doorkeeper(QuietHandler):
    """Answers every request alike, and remembers who asked."""

    status = 200
    content_type = "application/json"
    body = b"{}"
    seen: dict[str, str] = {}  # noqa: RUF012

    def do_GET(self) -> None:
        type(self).seen = {k.lower(): v for k, v in self.headers.items()} | {"path": self.path}
        self.send(self.status, self.body, self.content_type)


@pytest.fixture
def door() -> Iterator[tuple[str, type[_Doorkeeper]]]:
    keeper = type("Doorkeeper", (_Doorkeeper,), {})
    with serving(keeper) as url:
        yield url, keeper


@pytest.fixture(autouse=True)
def _nobody(monkeypatch, tmp_path) -> None:
    for name in ("KFP_HOST", "KFP_TOKEN", "KFP_COOKIE", "KF_PIPELINES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path))


def refused(host: str) -> ViewfinderError:
    with pytest.raises(ViewfinderError) as caught:
        connect(KubeflowSettings(host=host))
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind", "sentence"),
    [
        (401, PermanentError, ", received HTTP 401; inside the cluster, mount the pipelines token"),
        (
            403,
            PermanentError,
            "received HTTP 403: you are not in this namespace; name one of your namespaces",
        ),
        (404, PermanentError, "received HTTP 404: you are not"),
        (503, TransientError, "received HTTP 503: you are not"),
    ],
)
def test_a_status(door, status: int, kind: type[ViewfinderError], sentence: str) -> None:
    host, keeper = door
    keeper.status = status
    keeper.body = json.dumps({"message": "you are not in this namespace\n at f.go:3"}).encode()
    error = refused(host)
    assert type(error) is kind
    assert sentence in str(error)
    assert "f.go" not in str(error)


def test_a_login_page(door) -> None:
    host, keeper = door
    keeper.content_type, keeper.body = "text/html; charset=utf-8", b"<html>Log in"
    assert "a login page" in str(refused(host))


@pytest.mark.parametrize("body", ["ok", '"ok"', "true", "[1]", "null"])
def test_something_else_answers(door, body: str) -> None:
    host, keeper = door
    keeper.content_type, keeper.body = "application/json", body.encode()
    assert f"received {body!r}" in str(refused(host))


def test_https_where_http_is_spoken(door) -> None:
    host, _ = door
    assert "write http:// instead of https://" in str(refused(host.replace("http", "https")))


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        ("http://127.0.0.1:1", "Connection refused; check that it is running"),
        ("http://no-such-host.invalid", "no such host"),
        ("http://", "write one such as http://localhost:8080"),
        ("", "name the API's or the UI's address"),
    ],
)
def test_nothing_answers(host: str, sentence: str) -> None:
    assert sentence in str(refused(host))


def test_a_token_goes_along(door, monkeypatch) -> None:
    host, keeper = door
    monkeypatch.setenv("KFP_TOKEN", "secret")
    assert connect(KubeflowSettings(host=host)).host == host
    assert keeper.seen["authorization"] == "Bearer secret"


def test_a_cookie_goes_along(door, monkeypatch) -> None:
    host, keeper = door
    monkeypatch.setenv("KFP_COOKIE", "session=secret")
    connect(KubeflowSettings(host=host))
    assert keeper.seen["cookie"] == "session=secret"


def test_the_token_kubeflow_mounts_goes_along_to_a_named_host(door, monkeypatch, tmp_path) -> None:
    host, keeper = door
    token = tmp_path / "token"
    token.write_text("mounted")
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(token))
    connect(KubeflowSettings(host=host))
    assert keeper.seen["authorization"] == "Bearer mounted"


@pytest.mark.parametrize("ending", ["", "/"])
def test_the_address_may_end_with_a_slash(door, monkeypatch, ending: str) -> None:
    host, keeper = door
    monkeypatch.setenv("KFP_HOST", host.removeprefix("http://") + ending)
    assert connect(KubeflowSettings()).host == host
    assert keeper.seen["path"] == "/apis/v2beta1/healthz"


def test_the_address_that_kfp_finds_inside_a_cluster_gets_a_scheme(door) -> None:
    """Requests to an address without one are deprecated in urllib3 2."""
    host, _ = door
    client = connect(KubeflowSettings(host=host)).client
    kfp_private.api_client(client).configuration.host = host.removeprefix("http://")
    assert Kubeflow(client, None).host == host
