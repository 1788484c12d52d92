"""A rule fires, a real Prometheus and a real Alertmanager report it, and a run starts."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from tests.fixtures.ports import free_port
from tests.fixtures.waiting import wait_for
from tests.local.conftest import Viewfinder
from tests.local.receiver import TOKEN, Receiving, receiving
from tests.monitoring.conftest import ROOT
from tests.monitoring.test_prometheus import running
from tests.storage.servers import Server
from tests.testbed.monitoring import MonitoringPrograms

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs/retraining.md"
RULE = {
    "alert": "ViewfinderDrift",
    "expr": "vector(0.31) > 0.12",
    "labels": {"namespace": "shop", "inferenceservice": "fruit", "measure": "brightness"},
    "annotations": {"value": "{{ $value }}", "limit": "0.12"},
}


@pytest.fixture
def viewfinder(tmp_path: Path) -> Viewfinder:
    (tmp_path / "home").mkdir()
    return Viewfinder(tmp_path / "home")


@pytest.fixture
def settings(tmp_path: Path) -> str:
    """The page's settings for a run that fails in its first step: one class is too few."""
    folder = tmp_path / "photos" / "cat"
    folder.mkdir(parents=True)
    (folder / "1.jpg").write_bytes(b"no photo")
    (block,) = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    described, heading, _ = block.partition("[retraining.fruit.parameters]\n")
    return f"{described}{heading}data = {json.dumps(str(folder.parent))}\n"


def describe_alertmanager(receiver: Receiving, tokens: Path) -> dict[str, Any]:
    """Return the page's configuration of Alertmanager, with this receiver's address and token."""
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    values: dict[str, Any] = yaml.safe_load(text)
    (webhook,) = values["receivers"][1]["webhook_configs"]
    assert httpx.URL(webhook["url"]).path == httpx.URL(receiver.url).path
    webhook["url"] = receiver.url
    webhook["http_config"]["authorization"]["credentials_file"] = str(tokens)
    values["route"]["group_wait"] = "0s"
    return values


@pytest.fixture
def notified(
    viewfinder: Viewfinder,
    settings: str,
    programs: MonitoringPrograms,
    alertmanager: tuple[str, ...],
    tmp_path: Path,
) -> Iterator[Receiving]:
    """A receiver that Alertmanager notifies of a rule which fires in Prometheus."""
    tokens, config, rules = (tmp_path / name for name in ("token", "config.yaml", "rules.yaml"))
    tokens.write_text(TOKEN)
    group = {"name": "drift", "interval": "1s", "rules": [RULE]}
    rules.write_text(yaml.safe_dump({"groups": [group]}))
    with ExitStack() as stack:
        receiver = stack.enter_context(receiving(viewfinder, settings))
        route = tmp_path / "alertmanager.yaml"
        route.write_text(yaml.safe_dump(describe_alertmanager(receiver, tokens)))
        port, other = free_port(), free_port()
        told = Server(
            [
                *(*alertmanager, f"--config.file={route}", "--cluster.listen-address="),
                f"--storage.path={tmp_path / 'alertmanager'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            port,
            "/-/ready",
            tmp_path / "alertmanager.log",
        )
        stack.enter_context(running(told))
        targets = [{"static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}]
        values = {"rule_files": [str(rules)], "alerting": {"alertmanagers": targets}}
        config.write_text(yaml.safe_dump(values))
        prometheus = Server(
            [
                *(str(programs.prometheus), f"--config.file={config}"),
                f"--storage.tsdb.path={tmp_path / 'data'}",
                f"--web.listen-address=127.0.0.1:{other}",
            ],
            other,
            "/-/ready",
            tmp_path / "prometheus.log",
        )
        stack.enter_context(running(prometheus))
        yield receiver


def test_a_rule_that_fires_starts_a_run_that_says_why(
    notified: Receiving, viewfinder: Viewfinder
) -> None:
    ended = 'viewfinder_retraining_last_run="failed"} 1.0'
    wait_for(lambda: ended in notified.get("/metrics").text, "the run's end", log=notified.log)
    (record,) = viewfinder.records()
    reason = record["reason"]
    assert (reason["kind"], reason["alert"]) == ("alert", "ViewfinderDrift")
    assert (reason["service"], reason["measure"]) == ("shop/fruit", "brightness")
    assert (reason["value"], reason["limit"]) == ("0.31", "0.12")
    assert reason["since"]
