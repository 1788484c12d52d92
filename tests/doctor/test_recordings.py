"""The recordings and what makes and plays them."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.doctor.recorder.answers import Answer, collect, describe_question, load, save
from tests.doctor.recorder.api_server import Replay
from tests.doctor.recorder.pruning import keep, prune
from tests.doctor.states import STATES
from tests.fixtures.loopback import running

RECORDED = Path(__file__).parent / "recorded"
REVIEW: dict[str, Any] = {
    "spec": {
        "user": "system:serviceaccount:team:runner",
        "resourceAttributes": {
            "namespace": "team", "verb": "get", "group": "", "resource": "pods",
            "subresource": "log",
        },
    }
}  # fmt: skip


def test_every_state_is_recorded_and_nothing_else() -> None:
    assert {path.stem for path in RECORDED.iterdir()} == set(STATES)


@pytest.mark.parametrize("path", sorted(RECORDED.iterdir()), ids=lambda path: path.stem)
def test_a_recording_is_small_and_tells_nothing_of_where_it_was_made(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\d+\.\d+\.\d+\.\d+|localhost:|/(root|home|tmp|work)/", text)
    assert not re.search(r"Bearer|BEGIN |eyJ|caBundle|managedFields|uid|creationTimestamp", text)
    assert len(text) < 20_000


def test_a_recording_is_the_same_after_it_was_saved(tmp_path: Path) -> None:
    answers = [Answer("GET", "/a?b=c", "", 200, {"é": [1]}), Answer("GET", "/b", "", 404, None)]
    save(answers, tmp_path / "new" / "one.json")
    assert load(tmp_path / "new" / "one.json") == answers


def test_a_state_has_one_answer_to_a_request() -> None:
    one, other = (Answer("GET", "/a", "", 200, {"is": n}) for n in (1, 2))
    assert collect([one, one]) == [one]
    with pytest.raises(AssertionError, match="two answers"):
        collect([one, other])


def test_reviews_are_told_apart_by_what_they_ask() -> None:
    question = describe_question(json.dumps(REVIEW).encode())
    assert question == "get pods/log in team as system:serviceaccount:team:runner"
    assert describe_question(b"") == ""
    assert describe_question(b'{"kind": "Pod", "spec": {}}') == ""


def test_a_replay_answers_by_method_path_and_question() -> None:
    asked = describe_question(json.dumps(REVIEW).encode())
    review = Answer("POST", "/reviews", asked, 201, {"status": {"allowed": True}})
    gone = Answer("GET", "/gone", "", 404, None)
    with running(Replay([review, gone])) as server, httpx.Client(base_url=server.url) as client:
        assert client.post("/reviews", json=REVIEW).json() == {"status": {"allowed": True}}
        assert client.get("/gone").status_code == 404
        assert server.unknown == []
        another = {"spec": {**REVIEW["spec"], "user": "another"}}
        assert client.post("/reviews", json=another).status_code == 501
        assert client.get("/reviews").status_code == 501
        assert [method for method, *_ in server.unknown] == ["POST", "GET"]


def test_pruning_keeps_what_is_read() -> None:
    account = {
        "kind": "ServiceAccount",
        "metadata": {"name": "runner", "uid": "1", "managedFields": []},
        "secrets": [{"name": "storage", "namespace": "team"}],
    }
    kept = {"metadata": {"name": "runner"}, "secrets": [{"name": "storage"}]}
    assert prune(account) == kept
    assert keep({"items": [{"a": {"b": 1, "c": 2}}, {}]}, ("items.a.b",)) == {
        "items": [{"a": {"b": 1}}, {}]
    }
    with pytest.raises(AssertionError, match="received Lease: add it"):
        prune({"kind": "Lease"})
