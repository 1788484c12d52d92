"""What `viewfinder predict` says where there is no answer."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from viewfinder_pipelines.cli.main import main
from viewfinder_pipelines.local import prediction


class _Refusing(BaseHTTPRequestHandler):
    """Serves one model, which refuses every photo."""

    def do_GET(self) -> None:
        self._answer(200, b'{"models": ["fruit"]}')

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._answer(400, b'{"error": "expected a photo"}')

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_each_photo_without_an_answer_says_why(endpoint: str, tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "bad.jpg").write_bytes(b"no photo")
    names = [str(tmp_path / name) for name in ("lost.jpg", "", "empty.jpg", "bad.jpg")]
    result = CliRunner().invoke(main, ["predict", *names, "--endpoint", endpoint])
    assert result.exit_code == 1
    assert [line.rpartition(f"{tmp_path}")[2] for line in result.stderr.splitlines()] == [
        "/lost.jpg: there is no such file",
        ": it is a folder; name the photos in it",
        "/empty.jpg: the file is empty",
        "/bad.jpg: the server refused it (HTTP 400): expected a photo",
        "None of the 4 photos could be classified.",
    ]
    result = CliRunner().invoke(main, ["predict", names[0], "--endpoint", endpoint])
    assert result.stderr.endswith("\nThe photo could not be classified.\n")


def predict(endpoint: str, tmp_path: Path) -> str:
    (tmp_path / "a.jpg").write_bytes(b"x")
    result = CliRunner().invoke(main, ["predict", str(tmp_path / "a.jpg"), "--endpoint", endpoint])
    assert result.exit_code == 1
    assert "[Errno" not in result.stderr
    return result.stderr


def test_nothing_listens_at_the_address(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    told = predict(address, tmp_path)
    assert told == (
        f"Error: expected a predictor at {address}, received nothing that listens there; start one "
        "with `viewfinder serve MODEL`, correct --endpoint, or for one in a cluster use `kubectl "
        "port-forward`\n"
    )
    assert "received nothing that listens there" in predict(
        f"{address}/v1/models/a:predict", tmp_path
    )


def test_a_host_that_does_not_exist(tmp_path: Path) -> None:
    told = predict("http://no-such-host.invalid:8080", tmp_path)
    assert "received no such host (no-such-host.invalid); " in told


def test_a_server_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction, "_TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        told = predict(f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path)
    assert "received no answer within 0.2 s; " in told
