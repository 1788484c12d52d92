"""The recorder itself: what a server said is said again, in the order in which it was true."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest
from tests.fixtures.loopback import running
from tests.kubeflow.conftest import RECORDED
from tests.kubeflow.recorder.exchanges import Exchange, load, make_exchange, save
from tests.kubeflow.recorder.http_server import ExchangeServer, Request
from tests.kubeflow.recorder.proxy import RecordingProxy
from tests.kubeflow.recorder.replay import ReplayServer, Tape
from tests.kubeflow.recorder.thinning import NEUTRAL_ADDRESS, PRIVATE_ADDRESS, scrub, thin

RUN = "/apis/v2beta1/runs/01234567-89ab-cdef-0123-456789abcdef"
LIST = "/apis/v2beta1/recurringruns"


class Counting(ExchangeServer):
    """A server whose every answer differs: it counts."""

    count = 0

    def answer(self, request: Request) -> Exchange:
        self.count += 1
        said = f"{self.count} {request.method} {request.content.decode()}"
        status = 404 if request.target == "/missing" else 200
        return make_exchange(0, request.method, request.target, status, "text/x", said.encode())


@pytest.fixture
def proxy() -> Iterator[RecordingProxy]:
    with running(Counting()) as upstream, running(RecordingProxy(upstream.url)) as proxy:
        yield proxy


def exchange(at: float, method: str, target: str, body: object, status: int = 200) -> Exchange:
    return make_exchange(at, method, target, status, "application/json", json.dumps(body).encode())


def said(tape: Tape, *requests: str) -> list[object]:
    """Return what a tape answers to requests such as `GET /path`."""
    answers = [tape.answer(*request.split()) for request in requests]
    return [json.loads(answer.body) for answer in answers]


def test_a_proxy_hands_on_and_keeps_what_it_hands_on(proxy: RecordingProxy) -> None:
    answers = [
        httpx.get(f"{proxy.url}/a?b=c"),
        httpx.post(f"{proxy.url}/a", content=b"hello"),
        httpx.get(f"{proxy.url}/missing"),
    ]
    assert [answer.text for answer in answers] == ["1 GET ", "2 POST hello", "3 GET "]
    assert [answer.status_code for answer in answers] == [200, 200, 404]
    assert [one.content for one in proxy.exchanges] == [answer.content for answer in answers]
    assert [one.target for one in proxy.exchanges] == ["/a?b=c", "/a", "/missing"]


def test_a_recording_is_the_same_after_it_was_saved(tmp_path: Path) -> None:
    binary = make_exchange(1.25, "GET", "/b", 200, "application/octet-stream", b"\xff\x00")
    exchanges = [exchange(0, "GET", "/a", {"é": 1}), binary, exchange(2, "GET", "/a", {"é": 1})]
    save(exchanges, tmp_path / "new" / "one.json.xz")
    again = load(tmp_path / "new" / "one.json.xz")
    assert again == exchanges
    assert again[1].content == b"\xff\x00"


def test_a_replay_answers_over_http(tmp_path: Path) -> None:
    save([exchange(0, "GET", "/a", "there"), exchange(1, "GET", "/b", "gone", 404)], tmp_path / "x")
    with running(ReplayServer(tmp_path / "x")) as server:
        answers = [httpx.get(server.url + path) for path in ("/a", "/b", "/c")]
    assert [answer.status_code for answer in answers] == [200, 404, 404]
    assert answers[0].json() == "there"
    assert "not recorded" in answers[2].json()["message"]


def test_a_run_goes_on_with_each_reading() -> None:
    states = ["pending", "running", "running", "succeeded"]
    tape = Tape([exchange(i, "GET", RUN, f"{state} {i}") for i, state in enumerate(states)])
    assert said(tape, *[f"GET {RUN}"] * 6) == [
        *("pending 0", "pending 0", "running 1", "running 2"),
        *("succeeded 3", "succeeded 3"),
    ]


def test_other_addresses_tell_what_was_true_then() -> None:
    log = "/k8s/pod/logs?podname=a"
    tape = Tape(
        [
            exchange(0, "GET", RUN, "running"),
            exchange(1, "GET", log, "line 1"),
            exchange(2, "GET", RUN, "succeeded"),
            exchange(3, "GET", log, "line 1, line 2"),
        ]
    )
    requests = [f"GET {RUN}", f"GET {log}", f"GET {RUN}", f"GET {log}"]
    assert said(tape, *requests) == ["running", "line 1"] * 2
    # What was read after the last state is true once that is told.
    assert said(tape, f"GET {RUN}", f"GET {log}") == ["succeeded", "line 1, line 2"]


def test_nothing_is_told_before_it_was_caused() -> None:
    recorded = [
        exchange(0, "GET", RUN, "running"),
        exchange(1, "POST", f"{RUN}:terminate", "ends"),
        exchange(2, "GET", RUN, "canceled"),
    ]
    assert said(Tape(recorded), *[f"GET {RUN}"] * 5) == ["running"] * 5
    tape = Tape(recorded)
    assert said(tape, f"POST {RUN}:terminate", f"GET {RUN}") == ["ends", "canceled"]


def test_what_changes_is_told_after_the_change_at_once() -> None:
    tape = Tape(
        [
            exchange(0, "GET", LIST, []),
            exchange(1, "POST", LIST, "made"),
            exchange(2, "GET", LIST, ["one"]),
            exchange(3, "DELETE", f"{LIST}/1", "deleted"),
            exchange(4, "GET", LIST, []),
        ]
    )
    requests = [f"GET {LIST}", f"POST {LIST}", f"GET {LIST}", f"DELETE {LIST}/1", f"GET {LIST}"]
    assert said(tape, *requests) == [[], "made", ["one"], "deleted", []]


def test_a_query_with_another_value_finds_the_recorded_one() -> None:
    tape = Tape([exchange(0, "GET", "/versions?filter=old&page=1", "found")])
    assert said(tape, "GET /versions?filter=new&page=1") == ["found"]
    assert tape.answer("GET", "/versions?page=1").status == 404


def test_thinning_keeps_the_first_and_the_last_and_every_change() -> None:
    polls = [exchange(i, "GET", RUN, f"state {i // 3}") for i in range(60)]
    change = exchange(60, "POST", f"{RUN}:terminate", "ends")
    after = [exchange(61 + i, "GET", RUN, "canceled") for i in range(5)]
    kept = thin([*polls, change, *after])
    bodies = [json.loads(one.body) for one in kept]
    assert (bodies[0], bodies[-3:]) == ("state 0", ["state 19", "ends", "canceled"])
    assert len(kept) == 6 + 2
    assert [one.at for one in kept] == sorted(one.at for one in kept)


def test_addresses_of_the_recording_network_are_replaced() -> None:
    (cleaned,) = scrub([exchange(0, "GET", "/a", {"podIP": "10.1.2.3", "version": "1.10.0.1"})])
    assert json.loads(cleaned.body) == {"podIP": NEUTRAL_ADDRESS, "version": "1.10.0.1"}


RECORDINGS: Sequence[Path] = sorted(RECORDED.glob("*/*.json.xz"))


def test_both_addresses_are_recorded_alike() -> None:
    names = {
        address: {path.name for path in RECORDINGS if path.parent.name == address}
        for address in ("api", "ui")
    }
    assert names["api"]
    assert names["api"] == names["ui"]


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_recording_tells_nothing_of_where_it_was_made(path: Path) -> None:
    text = "\n".join(one.target + one.body for one in load(path))
    assert set(PRIVATE_ADDRESS.findall(text)) <= {NEUTRAL_ADDRESS}
    assert not re.search(r"/(root|home)/|SECRET_ACCESS_KEY=|Bearer ", text)
    assert path.stat().st_size < 300_000
