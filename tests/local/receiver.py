"""A `viewfinder receive` that runs, and notifications as Alertmanager sends them."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tests.fixtures.waiting import PATIENCE, wait_for
from tests.local.conftest import Viewfinder

TOKEN = "0123456789abcdef-receiver"  # noqa: S105  (of this test only)


@dataclass(frozen=True)
class Receiving:
    """A running receiver.

    Attributes:
        url: Where Alertmanager sends alerts.
        log: What it says.
    """

    url: str
    log: Path
    process: subprocess.Popen[bytes]

    def send(self, alert: dict[str, Any], **headers: str) -> httpx.Response:
        """Send an alert in a notification of its own."""
        return self.post(json=notify(alert), headers=headers)

    def post(self, headers: dict[str, str] | None = None, **content: Any) -> httpx.Response:
        authorized = {"Authorization": f"Bearer {TOKEN}", **(headers or {})}
        with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
            return client.post(self.url, headers=authorized, **content)

    def get(self, path: str) -> httpx.Response:
        with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
            return client.get(str(httpx.URL(self.url).copy_with(path=path)))

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def receiving(viewfinder: Viewfinder, settings: str) -> Iterator[Receiving]:
    """Run a receiver in the home of `viewfinder`, and end it, unless the test has done so.

    Args:
        viewfinder: The command.
        settings: The settings file's content.
    """
    file, tokens, log = (viewfinder.home / name for name in ("settings.toml", "tokens", "log"))
    file.write_text(settings)
    tokens.write_text(TOKEN)
    options = ("--port", "0", "--settings", str(file), "--token-file", str(tokens))
    command = viewfinder.command("receive", "--on", "local", *options)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=viewfinder.environment, cwd=viewfinder.work, stdout=output, stderr=output
        )
    try:
        yield Receiving(wait_for(lambda: read_url(process, log), "an address"), log, process)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(PATIENCE)


def read_url(process: subprocess.Popen[bytes], log: Path) -> str | None:
    assert process.poll() is None, log.read_text()
    lines = log.read_text().splitlines()
    told = [line.rpartition(" ")[2] for line in lines if line.startswith("Receiving alerts at")]
    return told[0] if told else None


def notify(*alerts: dict[str, Any]) -> dict[str, Any]:
    """Return a notification of these alerts."""
    return {"version": "4", "groupKey": "{}", "status": "firing", "alerts": list(alerts)}


def make_alert(since: str = "2026-11-28T15:00:00Z", name: str = "ViewfinderDrift") -> Any:
    """Return an alert about the service shop/fruit."""
    return {
        "status": "firing",
        "labels": {
            "alertname": name,
            "namespace": "shop",
            "inferenceservice": "fruit",
            "measure": "brightness",
        },
        "annotations": {"value": "0.31", "limit": "0.12"},
        "startsAt": since,
        "fingerprint": "6ba1c3c2d4c1e1a5",
    }
