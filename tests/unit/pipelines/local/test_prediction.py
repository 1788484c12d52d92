"""What `viewfinder predict` says where there is no answer."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.fixtures.loopback import QuietHandler, serving

import viewfinder
from viewfinder.cli.main import main
from viewfinder_pipelines.local import prediction


class _Refusing(QuietHandler):
    """Serves one model, which refuses every photo."""

    def do_GET(self) -> None:
        self.send(200, b'{"models": ["fruit"]}')

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send(400, b'{"error": "expected a photo"}')


@pytest.fixture
def endpoint() -> Iterator[str]:
    with serving(_Refusing) as url:
        yield url


def test_each_photo_without_an_answer_says_why(endpoint: str, tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "bad.jpg").write_bytes(b"no photo")
    names = [str(tmp_path / name) for name in ("lost.jpg", "", "empty.jpg", "bad.jpg")]
    result = CliRunner().invoke(main, ["predict", *names, "--endpoint", endpoint])
    assert result.exit_code == 4
    assert [line.rpartition(f"{tmp_path}")[2] for line in result.stderr.splitlines()] == [
        "/lost.jpg: there is no such file",
        ": it is a folder; name the photos in it",
        "/empty.jpg: the file is empty",
        "/bad.jpg: the server refused it (HTTP 400): expected a photo",
        "None of the 4 photos could be classified.",
    ]
    result = CliRunner().invoke(main, ["predict", names[0], "--endpoint", endpoint])
    assert result.stderr.endswith("\nThe photo could not be classified.\n")


def test_what_can_be_no_photo_does_not_stop_the_others(endpoint: str, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"no photo")
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(1 << 40)  # it takes no room on the disk
    names = ["a\0b", "/dev/zero", tmp_path / "huge.jpg", tmp_path / "bad.jpg"]
    null, endless, huge, bad = (one.error for one in viewfinder.predict(names, endpoint))
    assert null == "it cannot be read (embedded null byte)"
    assert endless == "the file has 134,217,729 bytes, more than the limit of 134,217,728"
    assert "1,099,511,627,776 bytes" in huge
    assert "expected a photo" in bad


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
        f"Error: expected a predictor at {address}, received no server listening there; start one "
        "with `viewfinder serve MODEL`, correct --endpoint, or for one in a cluster use `kubectl "
        "port-forward`\n"
    )
    assert "received no server listening there" in predict(
        f"{address}/v1/models/a:predict", tmp_path
    )


def test_a_host_that_does_not_exist(tmp_path: Path) -> None:
    told = predict("http://no-such-host.invalid:8080", tmp_path)
    assert "received no such host (no-such-host.invalid); " in told


def test_a_server_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction, "_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        told = predict(f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path)
    assert "received no answer within 0.2 s; " in told
