"""Proxies and certificates that environment variables name."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fixtures.hurry import hurry
from tests.fixtures.loopback import QuietHandler, serving
from tests.fixtures.servables import draw

import viewfinder
from viewfinder_client.proxy import find_proxy

ANSWER = b'{"predictions": [{"label": "a", "labels": ["a"], "probabilities": [1.0]}]}'
FAR = "http://predictor.example:8080/v1/models/m"


class Seen:
    """What a server was asked, and how it answers."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []
        self.status = 200


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.lower().endswith("_proxy") or name.startswith("SSL_CERT"):
            monkeypatch.delenv(name)
    hurry(monkeypatch, retries=1)


@pytest.fixture
def server() -> Iterator[Seen]:
    """A predictor, or a proxy that finds one behind every URL."""
    seen = Seen()

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            seen.asked.append(self.path)
            self.rfile.read(int(self.headers["content-length"]))
            self.send(seen.status, ANSWER if seen.status == 200 else b'{"error": "no"}')

        def do_CONNECT(self) -> None:
            seen.asked.append(self.path)
            self.send(seen.status, b"")

    with serving(Handler) as seen.url:
        yield seen


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    (path := tmp_path / "a.png").write_bytes(draw("red"))
    return path


def fail(photo: Path, endpoint: str) -> str:
    """Return what both ways of classifying say."""
    output = photo.with_name("out.parquet")
    with pytest.raises(viewfinder.ViewfinderError) as one:
        list(viewfinder.predict(photo, endpoint))
    with pytest.raises(viewfinder.ViewfinderError) as many:
        viewfinder.predict_batch(photo.parent, output, endpoint=endpoint)
    assert type(one.value) is type(many.value)
    assert str(one.value) == str(many.value)
    return f"{type(one.value).__name__}: {one.value}"


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_photos_for_this_machine_go_to_no_proxy(
    variable: str, server: Seen, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    (told,) = viewfinder.predict(photo, f"{server.url}/v1/models/m")
    assert isinstance(told, viewfinder.Prediction)
    assert server.asked == ["/v1/models/m:predict"]


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "127.1.2.3", "0.0.0.0"),  # noqa: S104
        *("[::1]", "[::ffff:127.0.0.1]"),
    ],
)
def test_the_hosts_that_are_this_machine(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://p:3128")
    assert find_proxy(f"http://me:word@{host}:8080") is None


@pytest.mark.parametrize("host", ["h", "localhost.example", "128.0.0.1", "[fd00::1]"])
@pytest.mark.parametrize("excepted", ["", "other", "localhost,127.0.0.1"])
def test_other_hosts(host: str, excepted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "p:3128")
    monkeypatch.setenv("NO_PROXY", excepted)
    proxy = find_proxy(f"http://{host}:8080")
    assert proxy is not None
    assert (proxy.url, proxy.variable) == ("http://p:3128", "HTTP_PROXY")
    assert find_proxy(f"https://{host}:8080") is None


@pytest.mark.parametrize(
    ("host", "excepted"),
    [
        ("h", "h"),
        ("a.h.example", "other, .h.example"),
        ("h", "h:8080"),
        ("h", "*"),
        ("[fd00::1]", "fd00::1"),
        ("[fd00::1]", "[fd00::1]"),
    ],
)
def test_excepted_hosts(host: str, excepted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://p:3128")
    monkeypatch.setenv("no_proxy", excepted)
    assert find_proxy(f"http://{host}:8080") is None


def test_photos_for_another_machine_go_to_the_proxy(
    server: Seen, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    (told,) = viewfinder.predict(photo, FAR)
    assert isinstance(told, viewfinder.Prediction)
    assert server.asked == [f"{FAR}:predict"]


def test_a_proxy_that_refuses(server: Seen, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = server.url.replace("//", "//...@")
    monkeypatch.setenv("http_proxy", server.url.replace("//", "//me:secret@"))
    server.status = 407
    assert fail(photo, FAR) == (
        f"PermanentError: expected {FAR}:predict through the proxy {shown} (http_proxy) to accept "
        "the request, received HTTP 407: no; add the user and the password to the URL in http_proxy"
    )
    server.status = 503
    assert fail(photo, FAR).startswith(
        f"BusyError: expected an answer from {FAR}:predict through the proxy {shown} "
        "(http_proxy), received HTTP 503: no; "
    )


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (
            403,
            "PermanentError: {}HTTP 403: Forbidden; correct endpoint or HTTPS_PROXY, or add "
            "predictor.example to NO_PROXY",
        ),
        (
            407,
            "PermanentError: {}HTTP 407: Proxy Authentication Required; add the user and the "
            "password to the URL in HTTPS_PROXY",
        ),
        (429, "TransientError: {}HTTP 429: Too Many Requests; correct endpoint or HTTPS_PROXY"),
        (503, "TransientError: {}HTTP 503: Service Unavailable; correct endpoint or HTTPS_PROXY"),
    ],
)
def test_a_proxy_that_refuses_to_connect(
    status: int, told: str, server: Seen, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    server.status = status
    expected = (
        "expected a predictor at https://predictor.example:8080 through the proxy "
        f"{server.url} (HTTPS_PROXY), received "
    )
    assert fail(photo, FAR.replace("http:", "https:")).startswith(told.format(expected))


@pytest.mark.parametrize(
    ("proxy", "received"),
    [
        ("http://me:secret@127.0.0.1:9", "no proxy listening there"),
        ("http://no-such-host.invalid:80", "no such host (no-such-host.invalid)"),
    ],
)
def test_a_proxy_that_is_not_there(
    proxy: str, received: str, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    told = fail(photo, FAR)
    assert f"(ALL_PROXY), received {received}; correct endpoint or ALL_PROXY" in told
    assert "secret" not in told


@pytest.mark.parametrize(
    ("proxy", "received"),
    [
        ("foo://bar", "'foo://bar' (Unknown scheme for proxy URL "),
        ("socks5://me:secret@p:1080", "'socks5://...@p:1080', a SOCKS proxy; install the package"),
        ("SOCKS5://p:1080", "'SOCKS5://p:1080', a SOCKS proxy; install the package socksio"),
        ("http://[::1", "'http://[::1' ("),
        ("http://p:port", "'http://p:port' ("),
        ("http://p:99999", "'http://p:99999' (Port out of range"),
        ("http://", "'http://' (there is no host)"),
        ("http://me:secret@p:port", "'http://...@p:port'"),
    ],
)
def test_what_is_no_proxy(
    proxy: str, received: str, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    told = fail(photo, FAR)
    assert told.startswith(
        "UsageError: expected the environment variable HTTP_PROXY to be the URL of an HTTP proxy, "
        f"received {received}"
    )
    assert told.endswith(", or add predictor.example to NO_PROXY")
    assert "secret" not in told


def test_exceptions_that_are_no_hosts(
    server: Seen, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("NO_PROXY", "[::1,http://[,,*.,")
    (told,) = viewfinder.predict(photo, FAR)
    assert isinstance(told, viewfinder.Prediction)


@pytest.mark.parametrize(
    ("name", "why"), [("none.pem", "No such file or directory"), ("a.png", "")]
)
def test_certificates_that_cannot_be_read(
    name: str, why: str, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(file := photo.with_name(name)))
    told = fail(photo, "https://predictor.example")
    assert told.startswith("UsageError: expected the environment variable SSL_CERT_FILE to name a")
    assert f"received {str(file)!r} ({why}" in told


def test_certificates_do_not_matter_without_tls(
    server: Seen, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(photo.with_name("none.pem")))
    (told,) = viewfinder.predict(photo, f"{server.url}/v1/models/m")
    assert isinstance(told, viewfinder.Prediction)
    monkeypatch.setenv("http_proxy", server.url)
    (told,) = viewfinder.predict(photo, FAR)
    assert isinstance(told, viewfinder.Prediction)
    monkeypatch.setenv("http_proxy", server.url.replace("http:", "HTTPS:"))
    assert "SSL_CERT_FILE to name a" in fail(photo, FAR)


def test_a_password_for_the_server_is_not_printed(server: Seen, photo: Path) -> None:
    endpoint = server.url.replace("//", "//me:secret@") + "/v1/models/m"
    shown = endpoint.replace("me:secret", "...")
    for server.status in (401, 503):
        told = fail(photo, endpoint)
        assert f"{shown}:predict" in told
        assert "secret" not in told
