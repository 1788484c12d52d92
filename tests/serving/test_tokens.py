"""Requests need a token if the predictor is told so; probes never do."""

import base64
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue

import grpc
import httpx
import pytest
from tests.fixtures.ports import free_port
from tests.fixtures.waiting import PATIENCE
from tests.serving.test_grpc import ask

from viewfinder_components.errors import PermanentError, UsageError
from viewfinder_pipelines.local.prediction import Prediction, predict_photos
from viewfinder_serving.authentication.tokens import find_tokens
from viewfinder_serving.kserve_sdk import messages, services

V1 = "/v1/models/colour:predict"
OLD, NEW = "old-token-of-32-characters-abcdef", "new-token-of-32-characters-abcdef"
OPEN = [
    *("/", "/metrics", "/v2/health/live", "/v2/health/ready"),
    *("/v1/models/colour", "/v1/models/colour/versions/7", "/v2/models/colour/ready"),
]
CLOSED = ["/v1/models", "/v2", "/v2/models", "/v2/models/colour", "/nothing", "/metrics/", "/v2/"]


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
def secret(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a file as Kubernetes mounts a Secret: behind links, one of which is replaced."""
    folder = tmp_path / "secret"
    folder.mkdir()
    (folder / "tokens").symlink_to("..data/tokens")
    written = iter(range(1000))

    def write(content: str | None) -> Path:
        data = folder / f"..{next(written)}"
        data.mkdir()
        if content is not None:
            (data / "tokens").write_text(content)
        (folder / "..data_tmp").symlink_to(data.name)
        (folder / "..data_tmp").rename(folder / "..data")
        return folder / "tokens"

    return write


@pytest.fixture
def body(photo) -> dict[str, object]:
    return {"instances": [{"b64": base64.b64encode(photo("red")).decode()}]}


def post(predictor, body: dict[str, object], token: str) -> int:
    return predictor.client.post(V1, json=body, headers=bearer(token)).status_code


def test_what_needs_a_token_and_what_does_not(start, secret, body):
    with start("--token-file", str(secret(OLD))) as predictor:
        client = predictor.client
        for path in OPEN:
            assert client.get(path).status_code == 200, path
            assert client.post(path).status_code == 401, path
        for path in CLOSED:
            assert client.get(path).status_code == 401, path
            assert client.get(path, headers=bearer(OLD)).status_code in (200, 404), path
        refused = client.post(V1, json=body)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
        assert "Authorization: Bearer TOKEN" in refused.json()["error"]
        wrong = client.post(V1, json=body, headers=bearer(NEW))
        assert (wrong.status_code, wrong.headers["www-authenticate"][:6]) == (401, "Bearer")
        assert post(predictor, body, OLD) == 200
        answers = predictor.metric('viewfinder_requests_total{outcome="refused",protocol="v1"')
        assert answers == 2
        told = predictor.log.read_text() + refused.text + wrong.text
        shown = Path(f"/proc/{predictor.process.pid}/cmdline").read_text()
        assert OLD not in told + shown
        assert NEW not in told + shown


def test_a_mounted_secret_is_rotated_without_a_refusal(start, secret, body):
    """Old and new are accepted for a while, and clients change over while requests go on."""
    with start("--token-file", str(secret(f"{OLD}\n"))) as predictor:
        token, ended, statuses = [OLD], threading.Event(), Queue[int]()

        def send() -> None:
            with httpx.Client(base_url=predictor.url, timeout=PATIENCE, trust_env=False) as client:
                while not ended.is_set():
                    answer = client.post(V1, json=body, headers=bearer(token[0]))
                    statuses.put(answer.status_code)

        senders = [threading.Thread(target=send) for _ in range(3)]
        for sender in senders:
            sender.start()
        for accepted, sent in [(f"{NEW}\n\n{OLD}\n", NEW), (NEW, NEW)]:
            secret(accepted)
            token[0] = sent
            assert [statuses.get(timeout=PATIENCE) for _ in range(20)] == [200] * 20
        ended.set()
        for sender in senders:
            sender.join()
        assert {statuses.get() for _ in range(statuses.qsize())} <= {200}
        assert post(predictor, body, OLD) == 401
        assert "read again" in predictor.log.read_text()


@pytest.mark.parametrize("broken", [None, "", "no token\n", f"{NEW}\nshort\n"])
def test_a_file_that_cannot_be_used_changes_nothing(start, secret, body, broken):
    with start("--token-file", str(secret(OLD))) as predictor:
        secret(broken)
        for _ in range(3):
            assert post(predictor, body, OLD) == 200
            assert post(predictor, body, NEW) == 401
        assert len(re.findall("the last ones stay in use", predictor.log.read_text())) == 1
        secret(NEW)
        assert post(predictor, body, NEW) == 200
        assert post(predictor, body, OLD) == 401
        assert NEW not in predictor.log.read_text()


def test_a_request_without_a_token_is_refused_before_its_body(start, secret):
    with (
        start("--token-file", str(secret(OLD))) as predictor,
        socket.create_connection(("127.0.0.1", predictor.port), timeout=PATIENCE) as connection,
    ):
        head = f"POST {V1} HTTP/1.1\r\nhost: x\r\ncontent-length: 900000\r\n"
        connection.sendall(f"{head}expect: 100-continue\r\n\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")


def test_a_page_of_another_origin_asks_with_a_token(start, secret, body):
    origin = {"origin": "https://photos.example.org"}
    preflight = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    with start("--token-file", str(secret(OLD)), "--cors-origin", origin["origin"]) as predictor:
        asked = predictor.client.options(V1, headers=origin | preflight)
        assert asked.status_code == 200
        assert "authorization" in asked.headers["access-control-allow-headers"]
        answer = predictor.client.post(V1, json=body, headers=origin | bearer(OLD))
        assert answer.status_code == 200
        refused = predictor.client.post(V1, json=body, headers=origin)
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == origin["origin"]


@pytest.fixture
def channel(start, secret) -> Iterator[grpc.Channel]:
    port = free_port()
    with (
        start("--token-file", str(secret(OLD)), "--grpc-port", str(port)),
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        yield channel


def test_grpc(channel, secret, photo):
    stub = services.GRPCInferenceServiceStub(channel)
    request = ask(photo("red"))
    assert stub.ServerLive(messages.ServerLiveRequest()).live
    assert stub.ServerReady(messages.ServerReadyRequest()).ready
    assert stub.ModelReady(messages.ModelReadyRequest(name="colour")).ready
    calls = [
        (stub.ModelInfer, request),
        (stub.ModelMetadata, messages.ModelMetadataRequest(name="colour")),
        (stub.ServerMetadata, messages.ServerMetadataRequest()),
    ]
    wrong = [(), (("authorization", f"Bearer {NEW}"),), (("authorization-bin", OLD.encode()),)]
    for call, message in calls:
        for metadata in wrong:
            with pytest.raises(grpc.RpcError) as caught:
                call(message, metadata=metadata)
            assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
            assert "a bearer token" in caught.value.details()
        for name in ("authorization", "viewfinder-authorization"):
            assert call(message, metadata=((name, f"Bearer {OLD}"),))
    secret(NEW)
    assert stub.ModelInfer(request, metadata=(("authorization", f"Bearer {NEW}"),)).outputs


def test_a_call_without_a_token_is_refused_before_its_message(channel):
    ended = threading.Event()

    def never() -> Iterator[bytes]:
        ended.wait(PATIENCE)
        yield from ()

    call = channel.stream_unary("/inference.GRPCInferenceService/ModelInfer").future(never())
    assert call.code() == grpc.StatusCode.UNAUTHENTICATED
    ended.set()


def test_tokens_of_the_environment(start, monkeypatch, body):
    monkeypatch.setenv("VIEWFINDER_SERVING_TOKENS", f"{OLD}\n{NEW}")
    with start() as predictor:
        assert [post(predictor, body, token) for token in (OLD, NEW, OLD + "x")] == [200, 200, 401]


@pytest.mark.parametrize(
    ("content", "received"),
    [(None, "no such file"), ("", "none"), ("\n \n", "none"), ("x" * 15, "line 1"),
     (f"{OLD}\nBearer {NEW}", "line 2"), ("\0" * 70_000, "more than")],
)  # fmt: skip
def test_a_start_without_tokens_is_refused(tmp_path, content, received):
    file = tmp_path / "tokens"
    if content is not None:
        file.write_text(content)
    with pytest.raises(PermanentError, match=received) as caught:
        find_tokens(file)
    assert "openssl rand -hex 32" in str(caught.value)
    assert "Bearer" not in str(caught.value)


def test_an_empty_variable_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("VIEWFINDER_SERVING_TOKENS", "")
    with pytest.raises(PermanentError, match="VIEWFINDER_SERVING_TOKENS, received none"):
        find_tokens(None)
    with pytest.raises(UsageError, match="received both"):
        find_tokens(tmp_path / "tokens")


def test_the_predictor_does_not_start_without_tokens(servable_dir, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "viewfinder_serving", "--model-dir", str(servable_dir),
         "--port", "0", "--token-file", str(tmp_path / "nothing")],
        check=False, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 1
    assert "expected tokens in" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("variable", ["VIEWFINDER_TOKEN", "VIEWFINDER_TOKEN_FILE"])
def test_predict_sends_the_token_of_the_environment(
    start, secret, photo, tmp_path, monkeypatch, variable
):
    file = tmp_path / "red.jpg"
    file.write_bytes(photo("red"))
    tokens = secret(OLD)
    with start("--token-file", str(tokens)) as predictor:
        with pytest.raises(PermanentError, match=r"HTTP 401.*set the environment variable"):
            list(predict_photos([file], predictor.url))
        monkeypatch.setenv(variable, OLD if variable == "VIEWFINDER_TOKEN" else str(tokens))
        with_user = predictor.url.replace("//", "//user:password@")
        for url in (predictor.url, with_user):
            (answer,) = predict_photos([file], url)
            assert isinstance(answer, Prediction)
            assert answer.label == "red"
        monkeypatch.setenv(variable, "none")
        with pytest.raises(UsageError):
            list(predict_photos([file], predictor.url))
