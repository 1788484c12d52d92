"""The Python client against a real predictor, in every protocol."""

import asyncio
import io
import signal
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image
from tests.fixtures.photos import fruit_photos, imagenet_files
from tests.fixtures.ports import free_port
from tests.fixtures.servables import LABELS, draw
from tests.fixtures.waiting import PATIENCE
from tests.serving.conftest import Predictor, run_predictor
from tests.testbed.certificates import Authority

from viewfinder_client import (
    AsyncClient,
    Client,
    PermanentError,
    Prediction,
    TransientError,
    Unanswered,
    UnansweredError,
)

PROTOCOLS = ("v1", "v2", "grpc")


@pytest.fixture
def ask(start) -> Iterator[Callable[..., Client]]:
    """Makes clients of a predictor of the test's own, for any protocol."""
    port = free_port()
    clients = []
    with start("--grpc-port", str(port), "--max-request-mb", "1") as predictor:

        def make(protocol: str, **options: object) -> Client:
            url = f"http://127.0.0.1:{port}" if protocol == "grpc" else predictor.url
            settings = {"model": "colour", "seconds": PATIENCE, **options}
            clients.append(Client(url, protocol=protocol, **settings))
            return clients[-1]

        yield make
        for client in clients:
            client.close()


def noisy(side: int) -> bytes:
    pixels = np.random.default_rng(side).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file := io.BytesIO(), "JPEG", quality=98)
    return file.getvalue()


def as_floats(prediction: Prediction) -> list[tuple[str, bytes]]:
    """Return the probabilities as the 32-bit floats that they were."""
    return [(label, struct.pack("f", one)) for label, one in prediction.probabilities.items()]


def test_all_protocols_give_the_same_answers_shrunk_or_not(ask) -> None:
    contents = [*fruit_photos(5), *(path.read_bytes() for path in imagenet_files()[:5]), noisy(500)]
    photos = [(str(number), content) for number, content in enumerate(contents)]
    reference = None
    for protocol in PROTOCOLS:
        for shrink in ("auto", False):
            answers = list(ask(protocol, shrink=shrink).classify_many(photos))
            assert [answer.photo for answer in answers] == [name for name, _ in photos]
            assert {answer.version for answer in answers} == {"7"}
            found = [(answer.label, as_floats(answer)) for answer in answers]
            reference = reference or found
            assert found == reference, (protocol, shrink)


def test_a_photo_that_the_server_refuses_as_too_large_is_shrunk(ask) -> None:
    large = noisy(1500)
    assert len(large) > 1 << 20
    for protocol in PROTOCOLS:
        assert ask(protocol).classify(large).label in LABELS
        with pytest.raises(UnansweredError, match=r"1,000,000 bytes|1000000"):
            ask(protocol, shrink=False).classify(large)


def test_each_name_keeps_its_answer_or_its_error(ask, tmp_path: Path) -> None:
    (photos := tmp_path / "photos").mkdir()
    for name in ("a", "b"):
        (photos / f"{name}.png").write_bytes(draw("red" if name == "a" else "blue"))
    (photos / "words.txt").write_text("no photo")
    (photos / ".hidden").write_text("")
    (photos / "folder").mkdir()
    (photos / "folder" / "broken.jpg").write_bytes(fruit_photos(1)[0][:300])
    for protocol in PROTOCOLS:
        results = list(ask(protocol, concurrency=2).classify_many(photos))
        names = [Path(result.photo).name for result in results]
        assert names == ["a.png", "b.png", "broken.jpg", "words.txt"]
        assert [getattr(result, "label", None) for result in results[:2]] == ["red", "blue"]
        broken, words = results[2:]
        assert isinstance(broken, Unanswered)
        assert "a readable photo" in broken.error
        assert words.error == "the file is not a picture (its first bytes match no format)"
        assert not broken.is_transient
        assert not words.is_transient
    results = list(ask("v1").classify_many([tmp_path / "none.jpg", b"", draw("green")]))
    assert [getattr(result, "error", "") for result in results] == [
        "there is no such file", "the file is empty", "",
    ]  # fmt: skip


def test_what_holds_for_every_photo_is_raised(ask) -> None:
    for protocol in PROTOCOLS:
        with pytest.raises(PermanentError, match="colour" if protocol != "grpc" else "model nil"):
            list(ask(protocol, model="nil").classify_many([draw("red")]))


def test_the_version_that_a_url_names(predictor) -> None:
    for protocol in ("v1", "v2"):
        with Client(f"{predictor.url}/v1/models/colour", protocol=protocol) as client:
            assert client.classify(draw("red")).version == "7"


def test_an_overloaded_predictor_answers_everything_in_the_end(start) -> None:
    port = free_port()
    photos = [(str(number), noisy(900)) for number in range(8)]
    with start("--max-requests", "1", "--grpc-port", str(port)) as predictor:
        for protocol in PROTOCOLS:
            url = f"http://127.0.0.1:{port}" if protocol == "grpc" else predictor.url
            options = {"seconds": PATIENCE, "retries": 1000, "shrink": False}
            with Client(url, model="colour", protocol=protocol, **options) as client:
                results = list(client.classify_many(photos))
            assert [result.photo for result in results] == [name for name, _ in photos]
            assert {type(result) for result in results} == {Prediction}
            busy = [
                line
                for line in predictor.client.get("/metrics").text.splitlines()
                if line.startswith("viewfinder_requests_total") and "busy" in line
            ]
            # Over gRPC, calls of one connection wait for each other.
            assert protocol == "grpc" or any(f'"{protocol}"' in line for line in busy), busy


@pytest.fixture
def everywhere(servable_dir: Path, tmp_path: Path) -> Iterator[tuple[Callable, Callable]]:
    """Starts predictors at the same two ports, and makes a client of them for each protocol."""
    ports = [free_port(), free_port()]
    options = ["--port", str(ports[0]), "--grpc-port", str(ports[1])]
    clients: list[Client] = []

    def start(name: str) -> AbstractContextManager[Predictor]:
        return run_predictor(servable_dir, tmp_path / name, *options)

    def ask(**settings: object) -> list[Client]:
        for protocol in PROTOCOLS:
            url = f"http://127.0.0.1:{ports[protocol == 'grpc']}"
            clients.append(Client(url, model="colour", protocol=protocol, **settings))
        return clients

    yield start, ask
    for client in clients:
        client.close()


def test_a_predictor_that_is_replaced_loses_no_photo(everywhere) -> None:
    start, ask = everywhere
    names = [str(number) for number in range(60)]
    clients = ask(seconds=PATIENCE, retries=1000, concurrency=4)
    streams = [client.classify_many((name, draw("red")) for name in names) for client in clients]
    with start("one") as first:
        found = [[next(results) for _ in range(20)] for results in streams]
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
    with ThreadPoolExecutor(len(streams)) as pool:
        rests = [pool.submit(list, results) for results in streams]
        with start("two"):
            for some, rest in zip(found, rests, strict=True):
                results = some + rest.result(PATIENCE)
                assert [result.photo for result in results] == names
                assert {type(result) for result in results} == {Prediction}


def test_a_predictor_that_is_gone_is_given_up(everywhere) -> None:
    start, ask = everywhere
    clients = ask(retries=1, concurrency=2)
    streams = [client.classify_many(("x", draw("red")) for _ in range(10**5)) for client in clients]
    with start("one"):
        assert {type(next(results)) for results in streams} == {Prediction}
    for client, results in zip(clients, streams, strict=True):
        kept: list[object] = []
        with pytest.raises(TransientError):
            kept.extend(results)
        with pytest.raises(TransientError):
            client.classify(draw("red"))


def test_tls(start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority("tests")
    authority.sign("predictor", hosts=("127.0.0.1",)).write(tmp_path, "tls")
    (trusted := tmp_path / "ca.pem").write_bytes(authority.certificate)
    files = ["--tls-certificate", str(tmp_path / "tls.crt"), "--tls-key", str(tmp_path / "tls.key")]
    port = free_port()
    with start(*files, "--grpc-port", str(port)) as predictor:
        for protocol in PROTOCOLS:
            url = f"https://127.0.0.1:{port}" if protocol == "grpc" else predictor.url
            settings = {"model": "colour", "protocol": protocol, "seconds": PATIENCE}
            with Client(url, ca_file=str(trusted), **settings) as client:
                assert client.classify(draw("red")).label == "red"
            kind = TransientError if protocol == "grpc" else PermanentError
            monkeypatch.delenv("SSL_CERT_FILE", raising=False)
            with Client(url, **settings) as client, pytest.raises(kind, match=r"endpoint|trusted"):
                client.classify(draw("red"))
            monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
            with Client(url, **settings) as client:
                assert client.classify(draw("red")).label == "red"


def test_cancelling_ends_the_requests(predictor) -> None:
    async def cancel() -> set[str]:
        async with AsyncClient(predictor.url, concurrency=4) as client:
            results = client.classify_many((str(one), noisy(400)) for one in range(200))
            assert isinstance(await anext(results), Prediction)
            await results.aclose()
            assert isinstance(await client.classify(draw("red")), Prediction)
            task = asyncio.create_task(client.classify(noisy(400)))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        others = asyncio.all_tasks() - {asyncio.current_task()}
        return {task.get_coro().__qualname__ for task in others}

    assert asyncio.run(cancel()) == set()


@pytest.mark.slow
def test_many_photos_take_bounded_memory(predictor, tmp_path: Path) -> None:
    """2,000 files of 1 MB, of which at most eight are in memory at a time."""
    content = noisy(300)
    (path := tmp_path / "a.jpg").write_bytes(content + bytes(1_000_000 - len(content)))
    with Client(predictor.url, seconds=PATIENCE) as client:
        warm = list(client.classify_many([path] * 64))
        before = psutil.Process().memory_info().rss
        count = 0
        for result in client.classify_many(path for _ in range(2000)):
            assert isinstance(result, Prediction), result
            count += 1
        grown = psutil.Process().memory_info().rss - before
    assert len(warm) == 64
    assert count == 2000
    assert grown < 300_000_000
