"""`viewfinder receive` with runs on this machine: ended and killed at any moment, and attacked."""

import json
import signal
import socket
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from tests.fixtures.waiting import PATIENCE, wait_for
from tests.local.conftest import Viewfinder
from tests.local.receiver import TOKEN, Receiving, make_alert, notify, receiving

pytestmark = pytest.mark.slow

REASON = (
    "alert ViewfinderDrift of shop/fruit: brightness 0.31 (limit 0.12), since 2026-11-28T15:00:00Z"
)


@pytest.fixture
def settings(tmp_path: Path) -> str:
    """Settings for a run that fails in its first step, after seconds: one class is too few."""
    folder = tmp_path / "photos" / "cat"
    folder.mkdir(parents=True)
    (folder / "1.jpg").write_bytes(b"no photo")
    return f"""
[retraining.fruit]
alerts = ["ViewfinderDrift"]
match = {{ namespace = "shop" }}
interval_seconds = 0
[retraining.fruit.parameters]
data = {json.dumps(str(folder.parent))}
"""


def wait_for_end(viewfinder: Viewfinder, log: Path) -> dict[str, Any]:
    """Return the record of the only run once it has ended."""

    def find() -> dict[str, Any] | None:
        ended = [one for one in viewfinder.records() if one["state"] in ("failed", "succeeded")]
        return ended[0] if ended else None

    record = wait_for(find, "the run to end", log=log)
    assert len(viewfinder.records()) == 1
    return record


def test_an_alert_starts_a_run_that_says_why(viewfinder: Viewfinder, settings: str) -> None:
    with receiving(viewfinder, settings) as receiver:
        answer = receiver.send(make_alert())
        assert answer.status_code == 200
        (told,) = answer.json()["alerts"]
        record = wait_for_end(viewfinder, receiver.log)
        assert record["run_id"] == told["run"]
        assert record["reason"] == {
            "kind": "alert",
            "text": "",
            "photos": 0,
            "since": "2026-11-28T15:00:00Z",
            "alert": "ViewfinderDrift",
            "service": "shop/fruit",
            "measure": "brightness",
            "value": "0.31",
            "limit": "0.12",
        }
        assert record["parameters"]["model_name"] == "fruit"
        (repeated,) = receiver.send(make_alert()).json()["alerts"]
        assert repeated["refused"] == "repeated"
        ended = 'last_run="failed"} 1.0'
        wait_for(lambda: ended in receiver.get("/metrics").text, "the run's end to be known")
        counted = 'viewfinder_retraining_runs_total{model="fruit",reason="alert"} 1.0'
        assert counted in receiver.get("/metrics").text
        assert receiver.get("/healthz").json() == {"alive": True}
    shown = viewfinder.run("show", record["run_id"]).stdout
    assert f"Began:   {REASON}" in shown


def test_new_photos_start_a_run_that_says_so(
    viewfinder: Viewfinder, settings: str, tmp_path: Path
) -> None:
    more = "new_photos = 2\nquiet_seconds = 0\npoll_seconds = 1\n[retraining.fruit.parameters]"
    with receiving(viewfinder, settings.replace("[retraining.fruit.parameters]", more)) as receiver:
        wait_for(lambda: "there are 1 photos" in receiver.log.read_text(), "the first list")
        for name in ("2.jpg", "3.jpg"):
            (tmp_path / "photos" / "cat" / name).write_bytes(name.encode())
        record = wait_for_end(viewfinder, receiver.log)
    assert (record["reason"]["kind"], record["reason"]["photos"]) == ("data", 2)


def test_a_receiver_that_is_killed_loses_no_alert_and_starts_none_twice(
    viewfinder: Viewfinder, settings: str
) -> None:
    with receiving(viewfinder, settings) as receiver:
        (told,) = receiver.send(make_alert()).json()["alerts"]
        receiver.end(signal.SIGKILL)
    with receiving(viewfinder, settings) as receiver:
        (repeated,) = receiver.send(make_alert()).json()["alerts"]
        assert repeated["refused"] == "repeated"
        record = wait_for_end(viewfinder, receiver.log)
        assert record["run_id"] == told["run"]
        ended = 'last_run="failed"} 1.0'
        wait_for(lambda: ended in receiver.get("/metrics").text, "the run's end to be known")


def test_a_run_is_interrupted_with_the_receiver_and_resumed_with_the_next(
    viewfinder: Viewfinder, settings: str
) -> None:
    with receiving(viewfinder, settings) as receiver:
        receiver.send(make_alert())
        wait_for(viewfinder.records, "the run to start", log=receiver.log)
        assert receiver.end(signal.SIGTERM) == 0
    (record,) = viewfinder.records()
    # On a fast machine, the run may have ended first.
    assert record["state"] in ("interrupted", "failed")
    assert not [one for one in psutil.process_iter(["cmdline"]) if is_of(one, viewfinder)]
    with receiving(viewfinder, settings) as receiver:
        assert wait_for_end(viewfinder, receiver.log)["run_id"] == record["run_id"]


def is_of(process: psutil.Process, viewfinder: Viewfinder) -> bool:
    return any(str(viewfinder.home) in word for word in process.info["cmdline"] or ())


def test_two_receivers_do_not_share_a_state(viewfinder: Viewfinder, settings: str) -> None:
    with receiving(viewfinder, settings):
        file = str(viewfinder.home / "settings.toml")
        done = viewfinder.run("receive", "--on", "local", "--port", "0", "--settings", file)
    assert done.returncode == 1
    assert "no other receiver uses" in done.stderr
    assert "--state" in done.stderr


def test_hostile_requests_and_a_state_that_cannot_be_written(
    viewfinder: Viewfinder, settings: str
) -> None:
    with receiving(viewfinder, settings) as receiver:
        body = json.dumps(notify(make_alert())).encode()
        typed = {"Content-Type": "application/json"}
        wrong = {"Authorization": "Bearer wrong-wrong-wrong-wrong"}
        codes = {
            "wrong token": receiver.post(content=body, headers=typed | wrong),
            "no token": httpx.post(receiver.url, content=body, headers=typed, trust_env=False),
            "a form": receiver.post(data={"version": "4"}),
            "deep": receiver.post(content=b'{"a":' * 100_000, headers=typed),
            "no JSON": receiver.post(content=b"{", headers=typed),
            "huge": receiver.post(content=b" " * (2 << 20), headers=typed),
            "another path": receiver.get("/"),
            "another method": receiver.get("/alerts"),
        }
        expected = [401, 401, 415, 400, 400, 413, 401, 401]
        assert [answer.status_code for answer in codes.values()] == expected
        assert "set max_alerts in Alertmanager's webhook_configs" in codes["huge"].text
        assert all("Traceback" not in answer.text for answer in codes.values())
        assert send_slowly(receiver) == b"HTTP/1.1 408"
        assert receiver.send(make_alert(name="Other")).json()["alerts"][0]["refused"] == "unmatched"
        state = viewfinder.home / "retraining"
        state.rename(viewfinder.home / "away")
        state.write_text("no folder")
        answer = receiver.send(make_alert())
        assert answer.status_code == 503, "Alertmanager sends it again"
        assert str(viewfinder.home) not in answer.text
        assert receiver.get("/healthz").status_code == 200
        assert TOKEN not in receiver.log.read_text()
    assert viewfinder.records() == []


def send_slowly(receiver: Receiving) -> bytes:
    """Send a body that never ends; return the beginning of the answer."""
    url = httpx.URL(receiver.url)
    head = (
        f"POST /alerts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
    )
    with socket.create_connection((url.host, url.port)) as connection:
        connection.sendall(head.encode())
        connection.settimeout(PATIENCE)
        return connection.recv(12)
