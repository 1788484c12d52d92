"""Read what Alertmanager sends to a webhook, in version 4 of its format.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config describes it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from viewfinder_components.printable import make_printable
from viewfinder_components.run_reason import RunReason
from viewfinder_serving.refusals import RefusedError, shown

_VERSION = "4"
_MOST_ALERTS = 1000  # in a request; of a group with more, Alertmanager sends the rest later
_REMEDY = "let Alertmanager's webhook_configs send to this address"


@dataclass(frozen=True)
class Alert:
    """An alert that fires.

    Attributes:
        labels: Its labels.
        annotations: Its annotations.
        since: When it began to fire, as Alertmanager writes it.
        fingerprint: Identifies its labels.
    """

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    since: str
    fingerprint: str

    @property
    def name(self) -> str:
        """The name of its rule."""
        return self.labels.get("alertname", "")

    @property
    def key(self) -> str:
        """The same for each notification until the alert has been resolved."""
        return f"{self.fingerprint}@{self.since}"

    def to_reason(self) -> RunReason:
        """Return the alert as the reason of a run."""
        place = (self.labels.get("namespace"), self.labels.get("inferenceservice"))
        service = "/".join(filter(None, place)) or self.labels.get("model", "")
        return RunReason(
            "alert",
            alert=make_printable(self.name),
            service=make_printable(service),
            measure=make_printable(self.labels.get("measure", "")),
            value=make_printable(self.annotations.get("value", "")),
            limit=make_printable(self.annotations.get("limit", "")),
            since=make_printable(self.since),
        )


def read_alerts(body: bytes | bytearray) -> list[Alert]:
    """Return the alerts in a request's body that fire; those that are resolved are left out.

    Raises:
        RefusedError: It is something else.
    """
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        received = f"{len(body):,} bytes that are not ({error})" if body else "an empty body"
        raise RefusedError("JSON from Alertmanager", received, _REMEDY) from error
    if not isinstance(payload, dict):
        raise RefusedError("JSON from Alertmanager", shown(payload), _REMEDY)
    if payload.get("version") != _VERSION:
        received = shown(payload.get("version"))
        raise RefusedError(f"version {_VERSION} of Alertmanager's format", received, _REMEDY)
    alerts = payload.get("alerts")
    if not isinstance(alerts, list) or len(alerts) > _MOST_ALERTS:
        expected = f"a list of at most {_MOST_ALERTS:,} alerts"
        raise RefusedError(expected, shown(alerts), _REMEDY)
    return [_read(alert) for alert in alerts if not _is_resolved(alert)]


def _is_resolved(alert: Any) -> bool:
    return isinstance(alert, dict) and alert.get("status") == "resolved"


def _read(alert: Any) -> Alert:
    if not isinstance(alert, dict) or alert.get("status") != "firing":
        raise RefusedError("alerts that are firing or resolved", shown(alert), _REMEDY)
    labels = _read_texts(alert, "labels")
    fingerprint = alert.get("fingerprint")
    if not isinstance(fingerprint, str) or not fingerprint:  # Alertmanager before 0.19 sends none
        told = orjson.dumps(labels, option=orjson.OPT_SORT_KEYS)
        fingerprint = hashlib.sha256(told).hexdigest()[:16]
    since = alert.get("startsAt")
    if not isinstance(since, str):
        raise RefusedError("the time startsAt of each alert", shown(since), _REMEDY)
    return Alert(labels, _read_texts(alert, "annotations"), since[:40], fingerprint[:40])


def _read_texts(alert: Mapping[str, Any], name: str) -> dict[str, str]:
    texts = alert.get(name, {})
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise RefusedError(f"{name} of an alert with texts", shown(texts), _REMEDY)
    return texts
