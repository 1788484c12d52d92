"""What the client does about servers that fail, change, hang or answer something else."""

import asyncio
import base64
import json
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.loopback import QuietHandler, serving
from tests.fixtures.ports import free_port
from tests.fixtures.servables import draw
from tests.fixtures.waiting import PATIENCE, wait_for

import viewfinder
import viewfinder_client
from viewfinder_client import (
    AsyncClient,
    Client,
    ParameterError,
    PermanentError,
    Prediction,
    TransientError,
    Unanswered,
    UnansweredError,
    UsageError,
    asker,
    retrying,
)
from viewfinder_components.photos.decode import PREPROCESSING

_SIDE = 32
V1 = {"predictions": [{"label": "a", "labels": ["a", "b"], "probabilities": [0.75, 0.25]}]}
V2 = {
    "model_version": "7",
    "outputs": [
        {"name": "label", "data": ["a"]},
        {"name": "labels", "data": ["a", "b"]},
        {"name": "probabilities", "data": [0.75, 0.25]},
    ],
}


@dataclass
class Server:
    """What it answers, and what it was asked."""

    url: str = ""
    failures: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """Statuses and headers of the next answers about photos, before it is well again."""
    status: int = 200
    body: bytes | None = None
    versions: list[str] = field(default_factory=lambda: ["7"])
    """The versions that answer about photos, in turn; the last one stays."""
    described: dict[str, Any] = field(default_factory=dict)
    hangs: threading.Event | None = None
    listing_hangs: threading.Event | None = None
    gateway: Callable[[], None] | None = None
    """Waits, if the server passes on nothing but V1, and says that it is busy for all else."""
    descriptions: int = 0
    """How often it was asked for one."""
    photos: list[bytes] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    cookies: set[str | None] = field(default_factory=set)
    running: int = 0
    most_running: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def describe(self, version: str, side: int = _SIDE, number: int = PREPROCESSING) -> None:
        parameters = {"image_size": side, "preprocessing": number}
        self.described = {"versions": [version], "parameters": parameters}


class Handler(QuietHandler):
    protocol_version = "HTTP/1.1"
    state: Server

    def do_GET(self) -> None:
        if self.path == "/v1/models":
            if self.state.listing_hangs is not None:
                self.state.listing_hangs.wait(PATIENCE)
            self.send(200, b'{"models": ["m"]}')
        else:
            self.describe()

    def describe(self) -> None:
        self.state.descriptions += 1
        if self.state.gateway is not None:
            self.state.gateway()
            self.send(503, b"{}")
        elif self.state.described:
            self.send(200, json.dumps(self.state.described).encode())
        else:
            self.send(404, b"{}")

    def do_POST(self) -> None:
        state = self.state
        with state.lock:
            state.running += 1
            state.most_running = max(state.most_running, state.running)
        content = self.rfile.read(int(self.headers["content-length"]))
        state.times.append(time.monotonic())
        state.tokens.add(self.headers.get("authorization"))
        state.cookies.add(self.headers.get("cookie"))
        if state.hangs:
            state.hangs.wait(PATIENCE)
        with state.lock:
            state.running -= 1
            state.photos.append(self._read_photo(content))
            version = state.versions.pop(0) if len(state.versions) > 1 else state.versions[0]
            status, headers = state.failures.pop(0) if state.failures else (state.status, {})
        known = V2 if self.path.endswith("/infer") else V1
        body = state.body if state.body is not None else json.dumps(known).encode()
        self.send_response(status)
        for name, value in {"viewfinder-model-version": version, **headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _read_photo(self, content: bytes) -> bytes:
        if length := self.headers.get("inference-header-content-length"):
            return content[int(length) + 4 :]
        return base64.b64decode(json.loads(content)["instances"][0]["b64"])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("VIEWFINDER_TOKEN", "VIEWFINDER_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    state = Server()
    with serving(type("_", (Handler,), {"state": state})) as url:
        state.url = url
        yield state
        if state.hangs:
            state.hangs.set()


def noisy(side: int = 400) -> bytes:
    import io

    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file := io.BytesIO(), "JPEG", quality=98)
    return file.getvalue()


@pytest.mark.parametrize("protocol", ["v1", "v2"])
def test_an_answer(protocol: str, server: Server) -> None:
    with Client(server.url, protocol=protocol) as client:
        told = client.classify(("my photo", draw("red")))
    assert told == Prediction("my photo", "a", {"a": 0.75, "b": 0.25})
    assert list(told.probabilities) == ["a", "b"]
    assert told.version == "7"
    assert server.photos == [draw("red")]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_be_retried(status: int, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "_FIRST_SECONDS", 0.001)
    server.failures = [(status, {})] * 3
    with Client(server.url) as client:
        assert client.classify(draw("red")).label == "a"
        assert len(server.photos) == 4
        server.failures = [(status, {})] * 3
    with Client(server.url, retries=2) as client:
        with pytest.raises(TransientError, match=f"HTTP {status}"):
            client.classify(draw("red"))
        assert len(server.photos) == 7


def test_cookies_are_not_kept(server: Server) -> None:
    """They would tie all requests to one pod, and a server could make them ever longer."""
    server.failures = [(200, {"set-cookie": "pod=1; Path=/"})] * 2
    with Client(server.url) as client:
        client.classify(draw("red"))
        client.classify(draw("red"))
    assert server.cookies == {None}


def test_the_server_says_when(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "_FIRST_SECONDS", 0.001)
    server.failures = [(503, {"retry-after": "1"})]
    with Client(server.url) as client:
        client.classify(draw("red"))
        first, second = server.times
        assert second - first >= 1
        server.failures = [(503, {"retry-after": "3600"})]
        with pytest.raises(TransientError, match="HTTP 503"):
            client.classify(draw("red"))
    assert len(server.photos) == 3


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 409, 410, 413, 415, 418, 422])
def test_what_is_not_retried(status: int, server: Server) -> None:
    server.status, server.body = status, b'{"error": "no"}'
    with Client(server.url) as client:
        kind = UnansweredError if status in (400, 413, 415, 422) else PermanentError
        with pytest.raises(kind, match="no"):
            client.classify(draw("red"))
    assert len(server.photos) == 1


def test_refused_photos_are_told_by_name_in_order(server: Server) -> None:
    server.failures = [(400, {}), (200, {}), (413, {})]
    with Client(server.url, concurrency=1) as client:
        results = list(client.classify_many((str(one), draw("red")) for one in range(5)))
    assert [result.photo for result in results] == list("01234")
    kinds = [Unanswered, Prediction, Unanswered, Prediction, Prediction]
    assert [type(result) for result in results] == kinds


BROKEN = {
    "v1": [b"", b"[]", b"{}", b'{"predictions": []}', b"[" * 200_000, b"\xff", b" " * (17 << 20)],
    "v2": [b"", b"[]", b'{"outputs": []}', b'{"outputs": [{"name": "label"}]}', b"[" * 200_000],
}


@pytest.mark.parametrize(("protocol", "body"), [(p, b) for p in BROKEN for b in BROKEN[p]])
def test_another_answer(protocol: str, body: bytes, server: Server) -> None:
    server.body = body
    with (
        Client(server.url, protocol=protocol) as client,
        pytest.raises(PermanentError, match=f"an answer in the {protocol.upper()} protocol"),
    ):
        client.classify(draw("red"))
    assert len(server.photos) == 1


@pytest.mark.parametrize(
    "described",
    [
        {"versions": []},
        {"versions": ["7"]},
        {"versions": ["7"], "parameters": None},
        {"versions": ["7"], "parameters": {"image_size": 32}},
        {"versions": ["7"], "parameters": {"image_size": "32", "preprocessing": PREPROCESSING}},
        {"versions": ["7"], "parameters": {"image_size": -1, "preprocessing": PREPROCESSING}},
        {"versions": ["7"], "parameters": {"image_size": 10**9, "preprocessing": PREPROCESSING}},
        {"versions": ["7"], "parameters": {"image_size": 32, "preprocessing": 999}},
        {"versions": [7], "parameters": {"image_size": 32, "preprocessing": PREPROCESSING}},
        [],
    ],
)
def test_another_description_means_that_photos_stay(described: Any, server: Server) -> None:
    server.described = described or {"x": 1}
    with Client(server.url) as client:
        client.classify(noisy())
    assert server.photos == [noisy()]


def test_photos_are_shrunk_if_the_server_says_how(server: Server) -> None:
    server.describe("7")
    with Client(server.url) as client:
        client.classify(noisy())
    with Client(server.url, shrink=False) as client:
        client.classify(noisy())
    small, whole = server.photos
    assert whole == noisy()
    assert Image.open(_as_file(small)).size == (_SIDE, _SIDE)


def _as_file(content: bytes) -> Any:
    import io

    return io.BytesIO(content)


def test_both_ways_of_predict_shrink_photos(server: Server, tmp_path: Path) -> None:
    server.describe("7")
    (tmp_path / "photos").mkdir()
    (photo := tmp_path / "photos" / "a.jpg").write_bytes(noisy())
    (told,) = viewfinder.predict(photo, server.url)
    assert told.photo == str(photo)
    output = tmp_path / "predictions.parquet"
    done = viewfinder.predict_batch(tmp_path / "photos", output, endpoint=server.url)
    assert done.counts["ok"] == 1
    assert len(server.photos) == 3, "the second is the grey one that asks for the classes"
    assert all(len(sent) < 10_000 for sent in server.photos)


def test_a_new_version_of_another_size_gets_the_photo_again(server: Server) -> None:
    server.describe("7")
    with Client(server.url) as client:
        client.classify(noisy())
        server.versions, server.photos = ["8"], []
        server.describe("8", 2 * _SIDE)
        assert client.classify(noisy()).version == "8"
        assert [len(photo) < 10_000 for photo in server.photos] == [True, False]
        client.classify(noisy())
    assert server.photos[1:] == [noisy()] * 2


def test_a_new_version_of_the_same_size_costs_nothing(server: Server) -> None:
    server.describe("7")
    with Client(server.url) as client:
        client.classify(noisy())
        server.versions = ["8"]
        server.describe("8")
        assert client.classify(noisy()).version == "8"
    assert all(len(photo) < 10_000 for photo in server.photos)
    assert len(server.photos) == 2


def test_a_version_that_is_not_described_gets_the_photo_again(server: Server) -> None:
    server.describe("7")
    server.versions = ["8"]
    with Client(server.url) as client:
        assert client.classify(noisy()).version == "8"
    assert server.photos[1] == noisy()


def test_a_server_that_hangs(server: Server) -> None:
    server.hangs = threading.Event()
    # Nothing else is asked before the photo, whose answer a busy machine might give too late.
    with Client(server.url, model="m", shrink=False, seconds=1) as client:
        with pytest.raises(TransientError, match="no answer within 1 s"):
            client.classify(draw("red"))
        results = client.classify_many([("x", draw("red"))])
        (told,) = results
        assert isinstance(told, Unanswered)
        assert told.is_transient


def test_the_seconds_hold_for_each_of_many_that_wait_for_the_model(server: Server) -> None:
    server.listing_hangs = threading.Event()
    photo = noisy()
    done: list[str] = []

    async def run() -> None:
        async with AsyncClient(server.url, seconds=0.5, concurrency=100) as client:

            async def classify() -> None:
                with pytest.raises(TransientError, match="no answer within"):
                    await client.classify(photo)
                done.append("answered")

            late = asyncio.create_task(asyncio.sleep(150))
            await asyncio.gather(*(classify() for _ in range(400)))
            done.append("after" if late.done() else "before")
            late.cancel()

    try:
        asyncio.run(run())
    finally:
        server.listing_hangs.set()
    assert done[-1] == "before", "one after the other, 400 would take 200 s"


@pytest.mark.parametrize("model", [None, "m"])
def test_a_gateway_that_passes_on_predictions_only(model: str | None, server: Server) -> None:
    server.gateway = lambda: None
    with Client(server.url, model=model) as client:
        assert client.classify(noisy()).label == "a"
    assert server.photos == [noisy()]
    assert server.descriptions == 1


@pytest.mark.parametrize("model", [None, "m"])
def test_a_gateway_that_never_answers_about_the_model(
    model: str | None, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asker, "_DESCRIBING_SECONDS", 0.1)
    answered = threading.Event()
    server.gateway = lambda: wait_for(answered.is_set, "the photo's answer")
    with Client(server.url, model=model, seconds=PATIENCE) as client:
        client.open()
        assert client.classify(noisy()).label == "a"
        answered.set()
    assert server.photos == [noisy()]


def test_a_gateway_that_stops_describing_a_new_version(server: Server) -> None:
    server.describe("7")
    with Client(server.url) as client:
        client.classify(noisy())
        server.versions, server.gateway, server.descriptions = ["8"], lambda: None, 0
        assert client.classify(noisy()).version == "8"
    assert server.photos[2:] == [noisy()]
    assert server.descriptions == 1


FORK = """
import os, signal, sys, warnings
warnings.simplefilter("ignore")
from viewfinder_client import Client, UsageError
client = Client(sys.argv[1], model="m", shrink=False)
lock = client._thread._lock
if sys.argv[2] == "busy":  # as if another thread were starting a request
    lock.acquire()
child = os.fork()
if child == 0:
    signal.alarm(int(sys.argv[3]))  # ends it if it waits for the lock
    try:
        client.classify(sys.stdin.buffer.read())
    except UsageError as error:
        print(error, flush=True)
    client.close()
    os._exit(0)
_, status = os.waitpid(child, 0)
if lock.locked():
    lock.release()
client.close()
sys.exit(status)
"""


@pytest.mark.parametrize("others", ["idle", "busy"])
def test_a_client_of_before_a_fork_is_refused(others: str, server: Server) -> None:
    command = [sys.executable, "-c", FORK, server.url, others, str(round(PATIENCE))]
    done = subprocess.run(command, input=noisy(), capture_output=True, check=True)
    assert b"create another one after the fork" in done.stdout


def test_threads_may_close_at_once(server: Server) -> None:
    client = Client(server.url)
    client.classify(noisy())
    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(lambda _: client.close(), range(8))] == [None] * 8


def test_requests_at_a_time_are_limited(server: Server) -> None:
    server.hangs = threading.Event()
    with (
        Client(server.url, concurrency=3, seconds=PATIENCE) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        results = pool.submit(lambda: list(client.classify_many([draw("red")] * 50)))
        wait_for(lambda: server.running == 3, "three requests")
        server.hangs.set()
        assert len(results.result(PATIENCE)) == 50
    assert server.most_running == 3


def test_photos_are_not_read_far_ahead(server: Server) -> None:
    taken: list[int] = []

    def photos() -> Iterator[bytes]:
        for number in range(1000):
            taken.append(number)
            yield draw("red")

    with Client(server.url, concurrency=2) as client:
        results = client.classify_many(photos())
        next(results)
        assert len(taken) <= 8
        results.close()  # type: ignore[attr-defined]  # it is a generator


def test_threads_share_a_client(server: Server) -> None:
    with Client(server.url) as client, ThreadPoolExecutor(16) as pool:
        told = pool.map(lambda number: client.classify((str(number), draw("red"))), range(100))
        assert [one.photo for one in told] == [str(number) for number in range(100)]


def test_stopping_ends_what_other_threads_wait_for(server: Server) -> None:
    from concurrent.futures import CancelledError

    server.hangs = threading.Event()
    with Client(server.url, seconds=PATIENCE) as client, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.classify, draw("red"))
        wait_for(lambda: server.running, "the request")
        client.stop()
        with pytest.raises(CancelledError):
            waiting.result(PATIENCE)


def test_async_sources(server: Server) -> None:
    async def photos() -> AsyncIterator[tuple[str, bytes]]:
        for number in range(20):
            await asyncio.sleep(0)
            yield str(number), draw("red")

    async def classify() -> list[str]:
        async with AsyncClient(server.url) as client:
            return [result.photo async for result in client.classify_many(photos())]

    assert asyncio.run(classify()) == [str(number) for number in range(20)]


def test_an_async_source_may_wait_for_the_result_of_its_last_photo(server: Server) -> None:
    told = asyncio.Queue[str]()

    async def photos() -> AsyncIterator[tuple[str, bytes]]:
        yield "0", draw("red")
        for number in range(1, 5):
            yield f"{number} after {await told.get()}", draw("red")

    async def classify() -> list[str]:
        found = []
        async with AsyncClient(server.url) as client:
            async for result in client.classify_many(photos()):
                found.append(result.photo[:1])
                told.put_nowait(found[-1])
        return found

    async def classify_in_time() -> list[str]:
        return await asyncio.wait_for(classify(), PATIENCE)

    assert asyncio.run(classify_in_time()) == list("01234")


def test_a_source_that_fails_does_so_after_the_results(server: Server) -> None:
    def photos() -> Iterator[Any]:
        yield from [("0", draw("red")), ("1", draw("red"))]
        raise ZeroDivisionError

    found: list[str] = []
    with Client(server.url) as client, pytest.raises(ZeroDivisionError):
        found.extend(result.photo for result in client.classify_many(photos()))
    assert found == ["0", "1"]


@pytest.mark.parametrize("model", [None, "m"])
def test_nobody_there(model: str | None) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    began = time.monotonic()
    with Client(url, model=model, retries=1000, seconds=2 * PATIENCE) as client:
        for ask in (lambda: client.classify(draw("red")), lambda: list(client.classify_many([]))):
            with pytest.raises(TransientError, match="no server listening there"):
                ask()
    assert time.monotonic() - began < PATIENCE


def test_the_token(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with Client(server.url, token="abcdefgh-12345678") as client:  # noqa: S106  (no secret)
        client.classify(draw("red"))
    assert server.tokens == {"Bearer abcdefgh-12345678"}
    (file := tmp_path / "token").write_text("first-12345678901\n")
    monkeypatch.setenv("VIEWFINDER_TOKEN_FILE", str(file))
    server.tokens.clear()
    with Client(server.url) as client:
        client.classify(draw("red"))
        file.write_text("second-12345678901\n")
        client.classify(draw("red"))
    assert server.tokens == {"Bearer first-12345678901", "Bearer second-12345678901"}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"endpoint": "127.0.0.1:8080"}, "endpoint"),
    ({"endpoint": 8080}, "endpoint"),
    ({"model": ""}, "model"),
    ({"protocol": "v3"}, "protocol"),
    ({"protocol": "grpc"}, "model"),
    ({"shrink": True}, "shrink"),
    ({"shrink": 0}, "shrink"),
    ({"shrink": []}, "shrink"),
    ({"concurrency": 0}, "concurrency"),
    ({"concurrency": True}, "concurrency"),
    ({"seconds": 0}, "seconds"),
    ({"seconds": float("nan")}, "seconds"),
    ({"seconds": "60"}, "seconds"),
    ({"retries": -1}, "retries"),
    ({"token": "short"}, "token"),
    ({"token": 1}, "token"),
    ({"ca_file": 7}, "ca_file"),
    ({"ca_file": __file__, "endpoint": "https://127.0.0.1:1"}, "ca_file"),
    ({"ca_file": "\0", "endpoint": "https://127.0.0.1:1"}, "ca_file"),
    (
        {"ca_file": "nowhere.pem", "protocol": "grpc", "model": "m", "endpoint": "https://a"},
        "ca_file",
    ),
    ({"ca_file": "nowhere.pem", "endpoint": "https://127.0.0.1:1"}, "ca_file"),
    ({"protocol": "grpc", "endpoint": "http://127.0.0.1:1/path", "model": "m"}, "path"),
    ({"protocol": "v2", "endpoint": "http://127.0.0.1:1/other:predict"}, "v2"),
]


@pytest.mark.parametrize(("settings", "name"), REFUSED)
def test_settings_are_refused_at_once(settings: dict[str, Any], name: str) -> None:
    before = threading.active_count()
    with pytest.raises(UsageError, match=name):
        Client(**{"endpoint": "http://127.0.0.1:1", **settings})
    assert threading.active_count() == before


@pytest.mark.parametrize("photo", [None, 7, "", ("a",), ("a", "b"), (b"a", b"b"), [], {}])
def test_what_is_not_a_photo(photo: Any, server: Server) -> None:
    with Client(server.url) as client:
        with pytest.raises(ParameterError, match="photo to be a path, a URI, bytes"):
            client.classify(photo)
        with pytest.raises(ParameterError, match="photo to be a path, a URI, bytes"):
            list(client.classify_many([photo]))


@pytest.mark.parametrize("photos", [None, 7, b"photo", ("a", b"photo")])
def test_what_are_no_photos(photos: Any, server: Server) -> None:
    with (
        Client(server.url) as client,
        pytest.raises(ParameterError, match="photos to be a folder, a bucket, a table, or"),
    ):
        list(client.classify_many(photos))


def test_a_folder_that_is_not_there(server: Server, tmp_path: Path) -> None:
    with Client(server.url) as client:
        for place in (tmp_path / "nowhere", str(tmp_path / "nowhere")):
            with pytest.raises(PermanentError, match="which does not exist"):
                list(client.classify_many(place))


def test_a_table_without_the_package_that_reads_it(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (table := tmp_path / "photos.csv").write_text("uri\na.jpg\n")
    monkeypatch.delitem(sys.modules, "viewfinder_components.photos.table", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with (
        Client(server.url) as client,
        pytest.raises(PermanentError, match="the package pyarrow for photos in buckets or tables"),
    ):
        list(client.classify_many(table))


def test_a_closed_client(server: Server) -> None:
    client = Client(server.url)
    client.close()
    client.close()
    with pytest.raises(UsageError, match="one that was closed"):
        client.classify(draw("red"))

    async def ask() -> None:
        closed = AsyncClient(server.url)
        await closed.close()
        await closed.classify(draw("red"))

    with pytest.raises(UsageError, match="one that was closed"):
        asyncio.run(ask())


def test_the_public_names() -> None:
    for name in viewfinder_client.__all__:
        assert getattr(viewfinder_client, name).__name__ == name
