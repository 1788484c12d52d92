"""What Alertmanager sends, and what else may arrive."""

import json
from typing import Any

import pytest

from viewfinder_pipelines.retraining.alerts import read_alerts
from viewfinder_serving.refusals import RefusedError

# As Alertmanager 0.28 sent it.
ALERT = {
    "status": "firing",
    "labels": {"alertname": "ViewfinderDrift", "inferenceservice": "fruit", "namespace": "shop"},
    "annotations": {"summary": "drift", "value": "0.31", "limit": "0.12"},
    "startsAt": "2026-11-28T15:00:00.123Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus:9090/graph",
    "fingerprint": "6ba1c3c2d4c1e1a5",
}
NOTIFICATION = {
    "version": "4",
    "groupKey": '{}:{alertname="ViewfinderDrift"}',
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "viewfinder",
    "groupLabels": {"alertname": "ViewfinderDrift"},
    "commonLabels": {},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager:9093",
    "alerts": [ALERT],
}


def write(**changes: Any) -> bytes:
    return json.dumps({**NOTIFICATION, **changes}).encode()


def test_an_alert_is_read() -> None:
    (alert,) = read_alerts(write())
    assert alert.name == "ViewfinderDrift"
    assert alert.key == "6ba1c3c2d4c1e1a5@2026-11-28T15:00:00.123Z"
    assert str(alert.to_reason()) == (
        "alert ViewfinderDrift of shop/fruit: 0.31 (limit 0.12), since 2026-11-28T15:00:00.123Z"
    )


def test_what_is_resolved_is_left_out() -> None:
    resolved = {**ALERT, "status": "resolved"}
    assert len(read_alerts(write(alerts=[resolved, ALERT]))) == 1
    assert read_alerts(write(alerts=[resolved])) == []


def test_without_a_fingerprint_the_labels_identify_an_alert() -> None:
    bare = {key: value for key, value in ALERT.items() if key != "fingerprint"}
    other = {**bare, "labels": {**ALERT["labels"], "measure": "sharpness"}}  # type: ignore[dict-item]
    first, again, second = read_alerts(write(alerts=[bare, bare, other]))
    assert first.key == again.key != second.key


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"null", b"7", b"\xff\xfe", b"NaN", b'{"version": "4"}'),
        pytest.param(b"[" * 500_000, id="deep"),
        pytest.param(b'{"a":' * 200_000, id="deep objects"),
        *(write(version="3"), write(version=4), write(alerts={}), write(alerts=[7])),
        *(write(alerts=[{**ALERT, "status": "other"}]), write(alerts=[{"status": "firing"}])),
        write(alerts=[{**ALERT, "labels": {"alertname": 7}}]),
        write(alerts=[{**ALERT, "annotations": []}]),
        write(alerts=[{**ALERT, "startsAt": 7}]),
        pytest.param(write(alerts=[ALERT] * 1001), id="many alerts"),
    ],
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        read_alerts(body)
    assert caught.value.status == 400
    assert len(str(caught.value)) < 400


def test_a_hostile_alert_makes_a_short_and_legible_reason() -> None:
    long = "\x1b[2J\u202e" + "x" * 100_000
    hostile = {**ALERT, "labels": {"alertname": long, "measure": long}, "startsAt": long}
    (alert,) = read_alerts(write(alerts=[{**hostile, "fingerprint": long}]))
    assert len(alert.key) < 100
    reason = alert.to_reason()
    assert len(reason.write()) < 4000
    assert "\x1b" not in str(reason)
    assert "\u202e" not in str(reason)
