"""HTTPS to a predictor and to a proxy: which certificates are trusted, and what is said if not."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.fixtures.loopback import QuietHandler, running, serving
from tests.fixtures.servables import draw
from tests.testbed import certificates
from tests.testbed.certificates import Authority

import viewfinder

ANSWER = b'{"predictions": [{"label": "a", "labels": ["a"], "probabilities": [1.0]}]}'
FAR = "http://predictor.example:8080/v1/models/m"
UNTRUSTED = (
    "received a certificate that is not trusted (unable to get local issuer certificate); let the "
    "environment variable SSL_CERT_FILE name a file with the certificate of its authority in PEM "
    "format"
)


class _Predictor(QuietHandler):
    """Classifies every photo, also as a proxy; it connects to no server."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send(200, ANSWER)

    def do_CONNECT(self) -> None:
        self.send(200, b"")


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.lower().endswith("_proxy") or name.startswith("SSL_CERT"):
            monkeypatch.delenv(name)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    found = Authority("test")
    (tmp_path / "ca.crt").write_bytes(found.certificate)
    return found


def identify(authority: Authority, folder: Path, host: str = "127.0.0.1") -> ssl.SSLContext:
    """Return what a server with a new certificate speaks."""
    authority.sign("server", hosts=(host,)).write(folder, "server")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    return context


@contextmanager
def serve(authority: Authority, folder: Path, host: str = "127.0.0.1") -> Iterator[str]:
    """Serve over TLS on a free port of the loopback; gives the URL."""
    context = identify(authority, folder, host)
    with running(ThreadingHTTPServer(("127.0.0.1", 0), _Predictor)) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        yield f"https://127.0.0.1:{server.server_port}"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    (path := tmp_path / "a.png").write_bytes(draw("red"))
    return path


def classify(photo: Path, endpoint: str) -> object:
    (told,) = viewfinder.predict(photo, endpoint)
    return told


def refuse(photo: Path, endpoint: str) -> str:
    with pytest.raises(viewfinder.ViewfinderError) as caught:
        classify(photo, endpoint)
    return f"{type(caught.value).__name__}: {caught.value}"


def test_an_authority_that_is_not_trusted(
    authority: Authority, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(authority, tmp_path) as url:
        told = refuse(photo, f"{url}/v1/models/m")
        assert told == f"PermanentError: expected a predictor at {url}, {UNTRUSTED}"
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.crt"))
        assert isinstance(classify(photo, f"{url}/v1/models/m"), viewfinder.Prediction)


def test_a_proxy_whose_authority_is_not_trusted(
    authority: Authority, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(authority, tmp_path) as url:
        monkeypatch.setenv("http_proxy", url)
        assert UNTRUSTED in refuse(photo, FAR)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.crt"))
        assert isinstance(classify(photo, FAR), viewfinder.Prediction)


def test_a_certificate_of_another_host(
    authority: Authority, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.crt"))
    with serve(authority, tmp_path, "predictor.example") as url:
        told = refuse(photo, f"{url}/v1/models/m")
    assert "PermanentError: " in told
    assert "certificate is not valid for '127.0.0.1'); name the host in endpoint as the" in told


def test_a_certificate_that_has_expired(
    authority: Authority, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.crt"))
    monkeypatch.setattr(certificates, "_LIFE", timedelta(minutes=-1))
    with serve(authority, tmp_path) as url:
        told = refuse(photo, f"{url}/v1/models/m")
    assert told == (
        f"PermanentError: expected a predictor at {url}, received a certificate that is not "
        "trusted (certificate has expired); renew the certificate, or correct the clock of this "
        "machine"
    )


def test_a_server_that_wants_a_certificate_of_the_client(
    authority: Authority, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.crt"))
    context = identify(authority, tmp_path)
    context.verify_mode = ssl.CERT_REQUIRED

    class Handler(QuietHandler):
        """Refuses the client in TLS, and hangs up after it: the refusal must not be lost."""

        def handle(self) -> None:
            received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = context.wrap_bio(received, sent, server_side=True)
            while data := self.request.recv(1 << 16):
                received.write(data)
                with suppress(ssl.SSLError):
                    tls.do_handshake()
                self.request.sendall(sent.read())

    with serving(Handler) as url:
        told = refuse(photo, url.replace("http:", "https:") + "/v1/models/m")
    assert told.startswith("PermanentError: ")
    assert "CERTIFICATE_REQUIRED); correct endpoint, or how TLS is set up there" in told


@pytest.mark.parametrize(
    ("endpoint", "variable", "where"),
    [
        ("https://{}/v1/models/m", "", "endpoint"),
        (FAR, "HTTP_PROXY", "HTTP_PROXY"),
        (FAR.replace("http:", "https:"), "HTTPS_PROXY", "HTTPS_PROXY or endpoint"),
    ],
)
def test_https_where_http_is_spoken(
    endpoint: str, variable: str, where: str, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(_Predictor) as url:
        place = url.removeprefix("http://")
        if variable:
            monkeypatch.setenv(variable, f"HTTPS://{place}")
        told = refuse(photo, endpoint.format(place))
    assert told.startswith("PermanentError: ")
    assert told.endswith(f"received no TLS; write http:// instead of https:// in {where}")


def test_a_server_that_hangs_up_may_be_there_later(photo: Path) -> None:
    class Handler(QuietHandler):
        def handle(self) -> None:
            self.request.recv(1 << 16)  # the client's first words

    with serving(Handler) as url:
        told = refuse(photo, url.replace("http:", "https:"))
    assert told.startswith("TransientError: expected a predictor at https://127.0.0.1:")
    assert "; start one with `viewfinder serve MODEL`" in told
