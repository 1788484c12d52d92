"""Addresses at which there is no predictor, or no Prometheus, or nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest
from tests.fixtures.loopback import QuietHandler, serving

from viewfinder.watching import watch
from viewfinder_components.errors import PermanentError, TransientError, UsageError

SILENT = "http://127.0.0.1:1"


class _Server(QuietHandler):
    status: ClassVar[int] = 200
    body: ClassVar[bytes] = b""
    asked: ClassVar[list[str]] = []
    tokens: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        self.send(self.status, self.body)

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        self.asked.extend(form["query"])
        self.tokens.append(self.headers["authorization"])
        self.send(self.status, self.body)


@pytest.fixture
def server() -> Iterator[str]:
    with serving(_Server) as url:
        yield url


def answer(status: int, body: bytes) -> None:
    _Server.status, _Server.body = status, body


@pytest.mark.parametrize(
    ("status", "body", "received"),
    [
        (404, b"", "HTTP 404"),
        (301, b"", "HTTP 301"),
        (200, b"<html>{", "an answer that is not in Prometheus' text format"),
        (200, b'a{b="c", ="d"} 1', "an answer that is not in Prometheus' text format"),
        (200, b'a_bucket{le="b"} 1', "an answer that is not in Prometheus' text format"),
        (200, b"a_bucket 1", "an answer that is not in Prometheus' text format"),
        (200, b"viewfinder_ready NaN", "no metric viewfinder_ready"),
        (200, b"\xff\xfe", "an answer that is no text"),
        (200, b"up 1\n", "no metric viewfinder_ready"),
        (200, b"a" * ((16 << 20) + 1), "an answer of more than 16 MiB"),
    ],
)
def test_no_predictor(server: str, status: int, body: bytes, received: str) -> None:
    answer(status, body)
    with pytest.raises(PermanentError) as caught:
        next(watch(endpoint=server, interval=0.1))
    assert str(caught.value) == (
        f"expected the metrics of Viewfinder's predictor at {server}/metrics, received {received}; "
        "let endpoint be the base URL of a predictor"
    )


def test_what_is_down_is_shown_as_down(server: str) -> None:
    answer(503, b"")
    figures = next(watch("fruit", endpoint=[server, SILENT], interval=0.1))
    problems = {one.address: one.problem for one in figures.replicas}
    assert problems == {server: "HTTP 503", SILENT: "no server listening there"}
    assert figures.requests_per_second is None


def test_a_predictor_that_is_replaced_for_a_while(server: str) -> None:
    answer(200, b"viewfinder_ready 1\n")
    found = watch(endpoint=server, interval=0.1)
    assert not next(found).replicas[0].problem
    answer(404, b"")
    assert next(found).replicas[0].problem == "HTTP 404"
    answer(200, b"viewfinder_ready 1\n")
    assert not next(found).replicas[0].problem


@pytest.mark.parametrize(
    ("status", "body", "received"),
    [
        (404, b"", "HTTP 404"),
        (200, b"<html>", "an answer that is not of its API"),
        (200, b'{"data": []}', "an answer that is not of its API"),
        (200, b"[" * 100_000, "an answer that is not of its API"),
    ],
)
def test_no_prometheus(server: str, status: int, body: bytes, received: str) -> None:
    answer(status, body)
    with pytest.raises(PermanentError) as caught:
        next(watch("fruit", prometheus=server))
    assert str(caught.value) == (
        f"expected Prometheus at {server}, received {received}; let prometheus be its base URL, "
        "with USER:PASSWORD@ before the host if it asks for them; if it asks for a token, set "
        "VIEWFINDER_PROMETHEUS_TOKEN to one, or VIEWFINDER_PROMETHEUS_TOKEN_FILE to a file with one"
    )


def test_prometheus_gets_the_token(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is read each time; what is for predictors is not sent."""
    answer(200, make_answer(({"figure": "limit"}, 1.0)))
    monkeypatch.setenv("VIEWFINDER_TOKEN", "a-token-of-a-predictor")
    _Server.tokens.clear()
    next(watch("fruit", prometheus=server))
    file = tmp_path / "token"
    monkeypatch.setenv("VIEWFINDER_PROMETHEUS_TOKEN_FILE", str(file))
    file.write_text("first" * 200)
    found = watch("fruit", prometheus=server, interval=0.1)
    next(found)
    file.write_text("second")
    next(found)
    assert _Server.tokens == [None, "Bearer " + "first" * 200, "Bearer second"]
    with pytest.raises(UsageError, match="a user in the URL of Prometheus or a token"):
        next(watch("fruit", prometheus=server.replace("//", "//user:password@")))
    monkeypatch.setenv("VIEWFINDER_PROMETHEUS_TOKEN", "third")
    with pytest.raises(UsageError, match="or a file in VIEWFINDER_PROMETHEUS_TOKEN_FILE"):
        next(watch("fruit", prometheus=server))
    monkeypatch.delenv("VIEWFINDER_PROMETHEUS_TOKEN_FILE")
    monkeypatch.setenv("VIEWFINDER_PROMETHEUS_TOKEN", "no token")
    with pytest.raises(UsageError, match="in VIEWFINDER_PROMETHEUS_TOKEN, received 8 characters"):
        next(watch("fruit", prometheus=server))


def make_answer(*series: tuple[dict[str, str], float]) -> bytes:
    result: list[Any] = [{"metric": one, "value": [0, str(value)]} for one, value in series]
    return json.dumps({"status": "success", "data": {"result": result}}).encode()


def test_a_service_that_prometheus_does_not_know(server: str) -> None:
    answer(200, make_answer())
    with pytest.raises(PermanentError, match="check its name and namespace, and that Prometheus"):
        next(watch('a"b', prometheus=server, namespace="shop"))
    assert r'inferenceservice="a\"b", namespace="shop"' in _Server.asked[-1]


def test_prometheus_may_be_down_for_a_while(server: str) -> None:
    answer(200, make_answer(({"figure": "p99_seconds"}, 0.5), ({"figure": "limit"}, float("nan"))))
    found = watch("fruit", prometheus=server, interval=0.1)
    figures = next(found)
    assert (figures.p99_seconds, figures.limit, figures.problem) == (0.5, None, "")
    answer(503, b"")
    assert next(found).problem == f"{server}: HTTP 503"
    assert next(watch("fruit", prometheus=SILENT)).problem == f"{SILENT}: no server listening there"


def test_no_prometheus_that_answers() -> None:
    with pytest.raises(TransientError) as caught:
        next(watch("fruit", prometheus=SILENT, since="1m"))
    assert str(caught.value) == (
        f"expected Prometheus at {SILENT}, received no server listening there; start it, correct "
        "prometheus, or for one in a cluster use `kubectl port-forward`"
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"interval": 0.0}, "interval to be a number of seconds from 0.1 to 3600, received 0.0"),
        ({"window": float("nan")}, "window to be a number of seconds from 0.1 to 3600"),
        ({"endpoint": [SILENT, f"{SILENT}/"]}, f"each predictor once, received {SILENT} twice"),
        ({"endpoint": "127.0.0.1:1"}, "endpoint to be the URL of a predictor, with http://"),
        ({"prometheus": "x", "name": "a"}, "prometheus to be the URL of Prometheus, received 'x'"),
        ({"prometheus": SILENT}, "an InferenceService with prometheus, and no endpoint"),
        ({"since": "5m"}, "prometheus with since: predictors do not know the past"),
        ({"prometheus": SILENT, "name": "a", "since": "0m"}, "a length of time up to a year"),
        ({"namespace": "a", "name": "b", "endpoint": SILENT}, "with namespace, and no endpoint"),
    ],
)
def test_arguments_that_cannot_be_meant(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        next(watch(**given))
    assert message in str(caught.value)


@pytest.mark.parametrize("figure", ["", "ready", "time", "problem", "replicas"])
def test_a_figure_that_was_not_asked_for_is_left_out(server: str, figure: str) -> None:
    series = [
        {"metric": {"figure": one}, "value": [1, "7"]} for one in (figure, "requests_per_second")
    ]
    answer(200, json.dumps({"data": {"result": series}}).encode())
    found = next(watch("fruit", prometheus=server))
    assert (found.requests_per_second, found.problem, found.replicas) == (7, "", ())
