"""HTTPS, and gRPC over TLS, with certificates that are renewed while requests go on."""

import base64
import contextlib
import datetime
import re
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue

import grpc
import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from tests.fixtures.ports import free_port
from tests.fixtures.waiting import PATIENCE
from tests.serving.test_grpc import ask
from tests.testbed.certificates import Authority, Pair

from viewfinder_components.errors import PermanentError, UsageError
from viewfinder_pipelines.local.prediction import Prediction, predict_photos
from viewfinder_serving.config import ServeConfig
from viewfinder_serving.kserve_sdk import services
from viewfinder_serving.tls.certificate import watch_certificate

V1 = "/v1/models/colour:predict"
_SILENT = 400


class Files:
    """A certificate and its key, as cert-manager's Secret has them in a pod."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self._folder = folder
        self._authority = authority
        self._written = 0
        self.trust = ssl.create_default_context(cadata=authority.certificate.decode())
        for name in ("tls.crt", "tls.key"):
            (folder / name).symlink_to(f"..data/{name}")
        self.renew()

    def renew(self, pair: Pair | None = None) -> None:
        """Replace both files at once."""
        pair = pair or self._authority.sign("predictor", hosts=("127.0.0.1", "localhost"))
        data = self._folder / f"..{self._written}"
        self._written += 1
        data.mkdir()
        (data / "tls.crt").write_bytes(pair.certificate + self._authority.certificate)
        (data / "tls.key").write_bytes(pair.key)
        (self._folder / "..tmp").symlink_to(data.name)
        (self._folder / "..tmp").rename(self._folder / "..data")

    @property
    def certificate(self) -> Path:
        return self._folder / "tls.crt"

    @property
    def key(self) -> Path:
        return self._folder / "tls.key"

    @property
    def options(self) -> list[str]:
        return ["--tls-certificate", str(self.certificate), "--tls-key", str(self.key)]

    def serial(self, port: int, protocol: str = "http/1.1") -> str:
        """The serial number of the certificate that a new connection gets."""
        context = ssl.create_default_context(cadata=self._authority.certificate.decode())
        context.set_alpn_protocols([protocol])
        with (
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            assert connection.selected_alpn_protocol() == protocol
            return str(connection.getpeercert()["serialNumber"])


@pytest.fixture
def authority() -> Authority:
    return Authority("tests")


@pytest.fixture
def files(tmp_path: Path, authority: Authority) -> Files:
    folder = tmp_path / "tls"
    folder.mkdir()
    return Files(folder, authority)


@pytest.fixture
def body(photo) -> dict[str, object]:
    return {"instances": [{"b64": base64.b64encode(photo("red")).decode()}]}


@contextlib.contextmanager
def asking(predictor, files: Files, **options: object) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=predictor.url, verify=files.trust, timeout=PATIENCE, trust_env=False, **options
    ) as client:
        yield client


def test_https(start, files, body, photo, tmp_path, authority, monkeypatch):
    with start(*files.options) as predictor, asking(predictor, files) as client:
        assert predictor.url.startswith("https://127.0.0.1:")
        assert client.get("/v2/health/ready").json() == {"ready": True}
        assert client.post(V1, json=body).json()["predictions"][0]["label"] == "red"
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{predictor.url}/v2/health/live", trust_env=False)
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://127.0.0.1:{predictor.port}/v2/health/live", trust_env=False)
        (tmp_path / "ca.crt").write_bytes(authority.certificate)
        (tmp_path / "red.jpg").write_bytes(photo("red"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.crt"))
        (answer,) = predict_photos([tmp_path / "red.jpg"], predictor.url)
        assert isinstance(answer, Prediction)
        log = predictor.log.read_text()
        assert "Traceback" not in log
        assert "ready: https://" in log


@pytest.mark.parametrize("before", ["# Prüfstelle".encode(), b"\xff\xfe", b"key"], ids=repr)
def test_what_is_before_a_certificate_does_not_matter(
    before: bytes, tmp_path: Path, authority: Authority
) -> None:
    pair = authority.sign("predictor", hosts=("127.0.0.1",))
    chain, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    chain.write_bytes((pair.key if before == b"key" else before) + b"\n" + pair.certificate)
    key.write_bytes(pair.key)
    assert watch_certificate(chain, key)().chain == chain.read_bytes()


def test_versions_of_tls(start, files):
    """What OpenSSL's own client is told; it offers old versions at security level 0 only."""
    port = free_port()
    with start(*files.options, "--grpc-port", str(port)) as predictor:
        for asked in (predictor.port, port):
            for version, told in [
                ("tls1_1", b"error:"),
                ("tls1_2", b"Protocol version: TLSv1.2"),
                ("tls1_3", b"Protocol version: TLSv1.3"),
            ]:
                command = ["openssl", "s_client", "-connect", f"127.0.0.1:{asked}", f"-{version}"]
                command += ["-cipher", "ALL:@SECLEVEL=0", "-alpn", "h2,http/1.1", "-brief"]
                done = subprocess.run(
                    command, input=b"", capture_output=True, timeout=PATIENCE, check=False
                )
                said = done.stdout + done.stderr
                assert told in said
                assert (b"CONNECTION ESTABLISHED" in said) == (version != "tls1_1")


def test_a_certificate_is_renewed_without_losing_a_request(start, files, body, photo):
    """Old connections, new ones, and gRPC's go on meanwhile."""
    port = free_port()
    with start(*files.options, "--grpc-port", str(port)) as predictor:
        before = [files.serial(predictor.port), files.serial(port, "h2")]
        ended, answers = threading.Event(), Queue[object]()

        def send(keep: int) -> None:
            limits = httpx.Limits(max_keepalive_connections=keep)
            with asking(predictor, files, limits=limits) as client:
                while not ended.is_set():
                    answers.put(client.post(V1, json=body).status_code)

        def call(channel: grpc.Channel) -> None:
            stub = services.GRPCInferenceServiceStub(channel)
            while not ended.is_set():
                answers.put(
                    200 if stub.ModelInfer(ask(photo("red")), timeout=PATIENCE).outputs else 0
                )

        with open_channel(files, port) as channel:
            workers = [
                threading.Thread(target=send, args=(0,)),
                threading.Thread(target=send, args=(1,)),
                threading.Thread(target=call, args=(channel,)),
            ]
            for worker in workers:
                worker.start()
            serials = set(before)
            for _ in range(3):
                files.renew()
                serials |= {files.serial(predictor.port), files.serial(port, "h2")}
                assert [answers.get(timeout=PATIENCE) for _ in range(15)] == [200] * 15
            ended.set()
            for worker in workers:
                worker.join()
        assert {answers.get() for _ in range(answers.qsize())} <= {200}
        assert len(serials) == 4
        with open_channel(files, port) as channel:
            call_once = services.GRPCInferenceServiceStub(channel).ModelInfer
            assert call_once(ask(photo("red")), timeout=PATIENCE).outputs


def open_channel(files: Files, port: int) -> grpc.Channel:
    root = files.certificate.read_bytes().partition(b"-----END CERTIFICATE-----\n")[2]
    return grpc.secure_channel(f"localhost:{port}", grpc.ssl_channel_credentials(root))


def test_a_renewal_that_cannot_be_used_changes_nothing(start, files, authority):
    expired = authority.sign("late", hosts=("127.0.0.1",), life=-datetime.timedelta(minutes=1))
    other = authority.sign("other", hosts=("127.0.0.1",))
    broken = [expired, Pair(expired.certificate, other.key), Pair(b"", b""), Pair(b"x", other.key)]
    with start(*files.options) as predictor:
        before = files.serial(predictor.port)
        for count, pair in enumerate(broken, 1):
            files.renew(pair)
            assert files.serial(predictor.port) == before
            assert predictor.log.read_text().count("the last ones stay in use") == count
        files.renew()
        assert files.serial(predictor.port) != before
        assert "PRIVATE" not in predictor.log.read_text()


def test_a_plain_client_of_grpc_gets_nothing(start, files, photo):
    port = free_port()
    with (
        start(*files.options, "--grpc-port", str(port)),
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
        pytest.raises(grpc.RpcError) as caught,
    ):
        services.GRPCInferenceServiceStub(channel).ModelInfer(ask(photo("red")), timeout=PATIENCE)
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE


def memory_mb(predictor) -> float:
    """The most memory that it had so far, resident."""
    status = Path(f"/proc/{predictor.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) * 1024 / 1e6


@pytest.mark.slow
def test_a_handshake_that_does_not_end_is_given_up(start, files):
    """Silent clients, and those that stop within their first message, of both servers."""
    port = free_port()
    hello = ssl.MemoryBIO()
    client = files.trust.wrap_bio(ssl.MemoryBIO(), hello, server_hostname="127.0.0.1")
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    first = hello.read()
    with (
        start(*files.options, "--grpc-port", str(port)) as predictor,
        contextlib.ExitStack() as stack,
    ):
        connections = []
        before = memory_mb(predictor)
        for _ in range(_SILENT):
            silent = socket.create_connection(("127.0.0.1", predictor.port), timeout=PATIENCE)
            connections.append(stack.enter_context(silent))
        for asked in (predictor.port, port):
            for part in (b"", first[:40], first):
                connection = socket.create_connection(("127.0.0.1", asked), timeout=PATIENCE)
                stack.enter_context(connection).sendall(part)
                connections.append(connection)
        for connection in connections:
            with contextlib.suppress(ConnectionResetError):
                while connection.recv(65536):  # until it is closed
                    pass
        with asking(predictor, files) as client:
            assert client.get("/v2/health/ready").status_code == 200
        assert "Traceback" not in predictor.log.read_text()
        grown = memory_mb(predictor) - before
        print(f"{1000 * grown / _SILENT:.0f} kB for each of {_SILENT} silent connections")
        assert grown < _SILENT / 10


@pytest.mark.slow
def test_a_head_that_does_not_end_is_given_up(start, files):
    with (
        start(*files.options) as predictor,
        socket.create_connection(("127.0.0.1", predictor.port), timeout=PATIENCE) as plain,
        files.trust.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        connection.sendall(b"POST / HTTP/1.1\r\nx: ")
        assert connection.recv(65536) == b""


def test_a_token_over_tls(start, files, tmp_path):
    token = "token-of-32-characters-abcdefghi"  # noqa: S105  (made up)
    (tmp_path / "tokens").write_text(token)
    with (
        start(*files.options, "--token-file", str(tmp_path / "tokens")) as predictor,
        asking(predictor, files) as client,
    ):
        assert client.get("/v2").status_code == 401
        assert client.get("/v2", headers={"authorization": f"Bearer {token}"}).status_code == 200


@pytest.fixture
def pairs(tmp_path: Path, authority: Authority) -> Callable[[str], Path]:
    """Files by name, each certificate with its key."""
    late = -datetime.timedelta(minutes=1)
    authority.sign("one", hosts=("127.0.0.1",)).write(tmp_path, "one")
    authority.sign("two", hosts=("127.0.0.1",)).write(tmp_path, "two")
    authority.sign("late", hosts=("127.0.0.1",), life=late).write(tmp_path, "late")
    authority.sign("client").write(tmp_path, "client")
    key = serialization.load_pem_private_key((tmp_path / "one.key").read_bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )
    (tmp_path / "locked.key").write_bytes(locked)
    (tmp_path / "empty").touch()
    (tmp_path / "broken").write_bytes((tmp_path / "one.crt").read_bytes().replace(b"MII", b"MIJ"))
    return lambda name: tmp_path / name


@pytest.mark.parametrize(
    ("certificate", "key", "received"),
    [
        ("one.crt", "two.key", "the key of another certificate"),
        ("late.crt", "late.key", "certificate has expired"),
        ("client.crt", "client.key", "unsuitable certificate purpose"),
        ("one.crt", "locked.key", "not encrypted"),
        ("one.key", "one.crt", "a certificate in PEM format in .*, received none"),
        ("one.crt", "one.crt", "a private key in PEM format in .*, received none"),
        ("broken", "one.key", "received files that OpenSSL refuses"),
        ("empty", "one.key", "received none"),
        ("one.crt", "nothing", "for --tls-key, received .*no such file"),
        ("nothing", "one.key", "for --tls-certificate, received .*no such file"),
        (".", "one.key", "no such file"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_refused(pairs, certificate, key, received):
    with pytest.raises(PermanentError, match=received) as caught:
        watch_certificate(pairs(certificate), pairs(key))
    assert "BEGIN" not in str(caught.value)
    assert watch_certificate(pairs("one.crt"), pairs("one.key"))().chain


def test_one_file_alone_is_refused(tmp_path):
    with pytest.raises(UsageError, match="both --tls-certificate and --tls-key"):
        ServeConfig(tmp_path / "colour", tls_certificate=tmp_path / "tls.crt")
