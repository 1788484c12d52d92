"""Servers whose answers are broken, endless or late: a sentence, and an end."""

import json
import signal
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.fixtures.hurry import hurry
from tests.fixtures.loopback import QuietHandler, running, serving
from tests.fixtures.servables import draw
from tests.fixtures.waiting import PATIENCE, wait_for

import viewfinder
from viewfinder_client import connection, http_client

COMMAND = str(Path(sys.executable).with_name("viewfinder"))
DEEP = "[" * 200_000
NO_HEADERS: Mapping[str, str] = {}


def answer(
    labels: object = ("a", "b"), probabilities: object = (0.5, 0.5), label: str = "a"
) -> str:
    return json.dumps(
        {"predictions": [{"label": label, "labels": labels, "probabilities": probabilities}]}
    )


@dataclass
class Server:
    """What it answers, and what it does first."""

    url: str = ""
    body: str = field(default_factory=answer)
    models: str = '{"models": ["m"]}'
    versions: str = '{"versions": ["1"]}'
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    """Further ones of the answers about photos."""
    list_statuses: list[int] = field(default_factory=list)
    """Those of the first answers to the question which models there are."""
    good: int = 0
    """So many requests are answered well before that."""
    drips: bool = False
    """Whether a byte comes now and then, and never the last one."""
    is_silent: bool = False
    asked: int = 0
    ended: threading.Event = field(default_factory=threading.Event)


class Sender(QuietHandler):
    def send(self, status: int, body: bytes, headers: Mapping[str, str] = NO_HEADERS) -> None:
        self.send_response(status)
        for name, value in {"Location": "http://elsewhere.example/", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(Sender):
        def do_GET(self) -> None:
            if self.path == "/v1/models":
                status = state.list_statuses.pop(0) if state.list_statuses else 200
                self.send(status, state.models.encode())
            else:
                self.send(200, state.versions.encode())

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            state.asked += 1
            if state.asked <= state.good:
                self.send(200, answer().encode())
            elif state.is_silent:
                state.ended.wait(PATIENCE)
            elif state.drips:
                self._drip()
            else:
                self.send(state.status, state.body.encode(), state.headers)

        def _drip(self) -> None:
            self.send_response(200)
            self.end_headers()
            while not state.ended.wait(0.05):
                self.wfile.write(b" ")

    with serving(Handler) as url:
        state.url = url
        yield state
        state.ended.set()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    (path := tmp_path / "photos" / "a.png").write_bytes(draw("red"))
    return path


def refuse(server: Server, photo: Path) -> list[str]:
    """Return what both ways of classifying say."""
    output = photo.parent.parent / "out.parquet"
    with pytest.raises(viewfinder.PermanentError) as one:
        list(viewfinder.predict([photo], server.url))
    with pytest.raises(viewfinder.PermanentError) as many:
        viewfinder.predict_batch(photo.parent, output, endpoint=server.url)
    assert not output.exists()
    return [str(one.value), str(many.value)]


BROKEN = {
    "no labels": answer([], []),
    "labels that are not distinct": answer(["a", "a"]),
    "an empty string instead of a string": answer(["a", ""]),
    "a string that is not Unicode": answer(["a", "\ud800"]),
    "a string instead of a list of labels": answer("ab"),
    "1 probabilities for 2 labels": answer(probabilities=[1.0]),
    "null instead of a number": answer(probabilities=[0.5, None]),
    "true instead of a number": answer(probabilities=[0.5, True]),
    "the number nan": answer(probabilities=[0.5, float("nan")]),
    "the probability 7": answer(probabilities=[0.5, 7]),
    "the probability -1": answer(probabilities=[0.5, -1]),
    "OverflowError": answer(probabilities=[0.5, 10**400]),
    "RecursionError": DEEP,
    "one of more than 16 MiB": " " * ((16 << 20) + 1),
    "KeyError": "{}",
    "more than 500,000 values": "[" + "[]," * 600_000 + "0]",
    "a label that is not one of the 2 labels": answer(label="c"),
    "a label that is not the most probable one": answer(probabilities=[0.4, 0.6]),
}


@pytest.mark.parametrize("why", BROKEN)
def test_a_broken_answer(why: str, server: Server, photo: Path) -> None:
    server.body = BROKEN[why]
    for told in refuse(server, photo):
        assert told.startswith(f"expected an answer in the V1 protocol from {server.url}/v1/models")
        assert why in told


def test_a_server_that_lists_no_models(server: Server, photo: Path) -> None:
    server.list_statuses = [404, 404]
    for told in refuse(server, photo):
        assert f"from {server.url}/v1/models, received HTTP 404: " in told
        assert told.endswith("; check that endpoint is a predictor's address")


LISTS = {
    "no list of models": {"models": "abc"},
    "a name of more than 1000 characters": {"models": ["a" * 100_000]},
    "KeyError": {},
    "an empty string instead of a string": {"models": [""]},
    "more than 500,000 values": {"models": ["m"] * 500_001},
}


@pytest.mark.parametrize("why", LISTS)
def test_a_broken_list_of_models(why: str, server: Server, photo: Path) -> None:
    server.models = json.dumps(LISTS[why])
    for told in refuse(server, photo):
        assert told.startswith(f"expected an answer in the V1 protocol from {server.url}/v1/models")
        assert why in told


def test_a_long_list_of_models_is_cut(server: Server, photo: Path) -> None:
    server.models = json.dumps({"models": [f"\x1b[31m{number}" for number in range(10_000)]})
    for told in refuse(server, photo):
        assert r"a server with \x1b[31m0, \x1b[31m1, " in told
        assert "and 9,980 more; name one of those" in told


@pytest.mark.parametrize("why", ["the probability 7", "RecursionError"])
def test_the_second_answer_is_broken(why: str, server: Server, photo: Path) -> None:
    server.body, server.good = BROKEN[why], 1
    with pytest.raises(viewfinder.PermanentError, match=f"an answer in the V1 protocol.*{why}"):
        viewfinder.predict_batch(
            photo.parent, photo.parent.parent / "out.parquet", endpoint=server.url
        )


def test_rounding_errors_are_no_broken_answer(server: Server, photo: Path) -> None:
    server.body = answer(probabilities=[1.0000001, -1e-9])
    (told,) = viewfinder.predict([photo], server.url)
    assert isinstance(told, viewfinder.Prediction)
    assert told.probabilities == {"a": 1.0, "b": 0.0}


def test_a_version_that_cannot_be_written(server: Server, photo: Path) -> None:
    server.versions = r'{"versions": ["\ud800"]}'
    output = photo.parent.parent / "out.parquet"
    with pytest.raises(viewfinder.PermanentError, match=r"V1 protocol .* is not Unicode"):
        viewfinder.predict_batch(photo.parent, output, endpoint=server.url)
    assert server.asked == 1  # before any photo is classified


@pytest.mark.parametrize(
    "body", [r'{"error": "\ud800 is wrong"}', DEEP, '{"error": [%s0]}' % ("[]," * 600_000)]
)
def test_a_reason_that_cannot_be_written(body: str, server: Server, photo: Path) -> None:
    server.body, server.status, server.good = body, 400, 1
    output = photo.parent.parent / "out.parquet"
    done = viewfinder.predict_batch(photo.parent, output, endpoint=server.url)
    assert done.counts["unreadable"] == 1


def test_a_photo_that_is_too_large_for_a_server(server: Server, photo: Path) -> None:
    server.body, server.status, server.good = '{"error": "no"}', 413, 1
    output = photo.parent.parent / "out.parquet"
    done = viewfinder.predict_batch(photo.parent, output, endpoint=server.url)
    (reason,) = pq.read_table(done.path)["reason"].to_pylist()
    assert reason.endswith("no; model_version=MODEL instead of endpoint allows larger ones")


@pytest.mark.parametrize("good", [0, 1])
@pytest.mark.parametrize("status", [402, 407, 408, 429, 500, 501, 502, 503, 504, 520])
def test_a_server_that_fails_is_not_asked_about_every_photo(
    status: int, good: int, server: Server, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch, retries=1)
    server.status, server.body, server.good = status, "I am ill", good
    kind = viewfinder.PermanentError if status in (402, 407) else viewfinder.TransientError
    answers = viewfinder.predict([photo] * 100, server.url)
    for _ in range(good):
        assert isinstance(next(answers), viewfinder.Prediction)
    with pytest.raises(kind, match=f"received HTTP {status}: I am ill; "):
        next(answers)
    assert server.asked <= good + 2
    server.asked = 0
    output = photo.parent.parent / "out.parquet"
    with pytest.raises(kind, match=f"received HTTP {status}: I am ill; "):
        viewfinder.predict_batch(photo.parent, output, endpoint=server.url)
    assert server.asked <= good + 2
    assert not output.exists()


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_a_photo_that_is_refused(status: int, server: Server, photo: Path) -> None:
    server.status, server.body, server.good = status, '{"error": "no photo"}', 1
    first, second = viewfinder.predict([photo, photo], server.url)
    assert isinstance(first, viewfinder.Prediction)
    assert isinstance(second, viewfinder.Unanswered)
    assert second.error == f"the server refused it (HTTP {status}): no photo"


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_is_busy_for_a_moment(
    status: int, server: Server, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch, retries=2)
    server.list_statuses = [status, status]
    (told,) = viewfinder.predict([photo], server.url)
    assert isinstance(told, viewfinder.Prediction)
    server.list_statuses = [status, status]
    done = viewfinder.predict_batch(
        photo.parent, photo.parent.parent / "out.parquet", endpoint=server.url
    )
    assert done.counts["ok"] == 1


def test_a_redirection_is_named(server: Server, photo: Path) -> None:
    server.status = 308
    for told in refuse(server, photo):
        assert "received HTTP 308: a redirection to http://elsewhere.example/; correct" in told


def test_a_long_redirection_is_cut(server: Server, photo: Path) -> None:
    server.status, server.headers = 302, {"Location": f"http://elsewhere.example/{'a' * 60_000}"}
    assert all(len(told) < 1000 for told in refuse(server, photo))


HEADERS = {
    "other letters": {"Content-Type": "application/json; é", "Viewfinder-Model-Version": "%0aé"},
    "no character set": {"Content-Type": "text/plain; charset=hex"},
    "an unknown character set": {"Content-Type": "text/plain; charset=nonsense"},
}


@pytest.mark.parametrize("what", HEADERS)
@pytest.mark.parametrize("status", [200, 400])
def test_headers_with(what: str, status: int, server: Server, photo: Path) -> None:
    server.headers, server.status = HEADERS[what], status
    (told,) = viewfinder.predict([photo], server.url)
    expected = viewfinder.Prediction if status == 200 else viewfinder.Unanswered
    assert isinstance(told, expected)


def test_a_redirection_to_other_letters_is_named(server: Server, photo: Path) -> None:
    server.status = 302
    server.headers = {"Location": "http://elsewhere.example/caf\xc3\xa9"}  # as http.server sends it
    for told in refuse(server, photo):
        assert "a redirection to http://elsewhere.example/café; correct" in told


def test_a_reason_does_not_control_the_terminal(server: Server, photo: Path) -> None:
    server.status, server.body = 400, json.dumps({"error": "\x1b]0;title\x07 a\nb\rc \u202e é"})
    (told,) = viewfinder.predict([photo], server.url)
    assert isinstance(told, viewfinder.Unanswered)
    assert told.error == r"the server refused it (HTTP 400): \x1b]0;title\x07 a b c \u202e é"


def test_an_answer_that_was_compressed_twice(server: Server, photo: Path) -> None:
    server.headers = {"Content-Encoding": "gzip, gzip"}
    for told in refuse(server, photo):
        assert "received one that cannot be decompressed (its Content-Encoding is 'gzip, g" in told


def test_an_answer_that_drips(server: Server, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "LONGEST_SECONDS", 0.5)
    monkeypatch.setattr(connection, "LONGEST_SECONDS", 0.5)
    server.drips = True
    with pytest.raises(viewfinder.TransientError, match=r"no complete answer within 0\.5 s"):
        list(viewfinder.predict([photo], server.url))


def test_a_server_that_hangs_is_asked_once(
    server: Server, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_TIMEOUT_SECONDS", 0.5)
    server.is_silent, server.good = True, 1
    output = photo.parent.parent / "out.parquet"
    with pytest.raises(viewfinder.TransientError, match=r"no answer within 0\.5 s"):
        viewfinder.predict_batch(photo.parent, output, endpoint=server.url)
    assert server.asked == 2


@pytest.mark.parametrize("good", [0, 1])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_interrupt_ends_a_command_whose_server_hangs(
    number: signal.Signals, good: int, server: Server, photo: Path
) -> None:
    for copy in range(20):
        (photo.parent / f"{copy}.png").hardlink_to(photo)
    server.is_silent, server.good = True, good
    arguments = ["--data", "photos", "--output", "out.parquet", "--endpoint", server.url]
    process = subprocess.Popen(
        [COMMAND, "predict", *arguments],
        cwd=photo.parent.parent,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: server.asked > good, "the requests", pause=0.02)
    process.send_signal(number)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert told.startswith("Interrupted.")


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\x00\x01 no status\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno header\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
    ],
)
def test_whoever_listens_does_not_answer_in_http(
    said: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To start another predictor is no remedy: something is there."""

    class Other(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1 << 16)
            self.request.sendall(said)

    hurry(monkeypatch)
    (photo := tmp_path / "photo.png").write_bytes(draw("red"))
    with running(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Other)) as server:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        with pytest.raises(viewfinder.TransientError) as raised:
            list(viewfinder.predict([photo], url))
    assert "without a complete HTTP answer" in raised.value.received
    assert "names a predictor" in raised.value.remedy
    assert "start one" not in raised.value.remedy
