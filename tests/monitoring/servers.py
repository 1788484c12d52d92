"""Prometheus and Alertmanager as processes, which read predictors and tell a webhook."""

import json
import math
import queue
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml
from tests.fixtures.loopback import QuietHandler
from tests.fixtures.ports import free_port
from tests.monitoring.conftest import RULES, read_scrape_config
from tests.storage.servers import Server
from tests.testbed.monitoring import MonitoringPrograms

# Of the rules' windows: as short as they can be when Prometheus asks every second.
SECONDS = {"5m": 5, "30m": 6, "1h": 7, "6h": 8, "1d": 9, "3d": 10, "30d": 11}


def shorten(expression: str, factor: int = 1) -> str:
    """Return an expression with windows of seconds, which are `factor` times those above."""
    return re.sub(
        r"(\[|:|offset )(\d+[mhd])\b",
        lambda found: f"{found[1]}{factor * SECONDS[found[2]]}s",
        expression,
    )


def hasten(rule: dict[str, Any], factor: int = 1) -> dict[str, Any]:
    """Return a rule with windows of seconds, and whose alert waits for nothing."""
    kept = {key: value for key, value in rule.items() if key != "for"}
    return kept | {"expr": shorten(rule["expr"], factor)}


def keep_alerts(received: "queue.Queue[dict[str, Any]]") -> type[QuietHandler]:
    """Return a webhook that keeps what Alertmanager sends."""

    class Webhook(QuietHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            for alert in body["alerts"]:
                received.put(alert)
            self.send(200, b"{}")

    return Webhook


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """Start a server, and end it after the block."""
    try:
        server.start()
        yield server
    finally:
        server.kill()


def prepare_alertmanager(
    program: tuple[str, ...], folder: Path, webhook: str, **options: Any
) -> Server:
    """Return an Alertmanager that tells a webhook at once; the options are the webhook's."""
    config, port = folder / "alertmanager.yaml", free_port()
    told = {"url": webhook, "send_resolved": False, **options}
    receiver = {"name": "webhook", "webhook_configs": [told]}
    route = {"receiver": "webhook", "group_by": ["alertname"], "group_wait": "0s"}
    route |= {"group_interval": "1s"}  # soon tell of further alerts of the same name
    config.write_text(yaml.safe_dump({"route": route, "receivers": [receiver]}))
    command = [
        *(*program, f"--config.file={config}"),
        *(f"--storage.path={folder / 'alertmanager'}", f"--web.listen-address=127.0.0.1:{port}"),
        "--cluster.listen-address=",
    ]
    return Server(command, port, "/-/ready", folder / "alertmanager.log")


def prepare_prometheus(
    programs: MonitoringPrograms,
    folder: Path,
    jobs: list[dict[str, Any]],
    alertmanager: Server,
    factor: int = 1,
) -> Server:
    """Return a Prometheus that reads everything every second, and has the rules, `hasten`ed."""
    rules, config, port = folder / "rules.yaml", folder / "prometheus.yaml", free_port()
    group = {"name": "shortened", "rules": [hasten(rule, factor) for rule in RULES]}
    rules.write_text(yaml.safe_dump({"groups": [group]}))
    told = [{"static_configs": [{"targets": [httpx.URL(alertmanager.url).netloc.decode()]}]}]
    values = {
        "global": {"evaluation_interval": "1s", "scrape_interval": "1s", "scrape_timeout": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": jobs,
        "alerting": {"alertmanagers": told},
    }
    config.write_text(yaml.safe_dump(values))
    command = [
        *(str(programs.prometheus), f"--config.file={config}"),
        *(f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}"),
        "--enable-feature=exemplar-storage",
    ]
    return Server(command, port, "/-/ready", folder / "prometheus.log")


def describe_job(targets: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the page's job, for targets that are not searched."""
    job = read_scrape_config()
    del job["kubernetes_sd_configs"], job["scrape_interval"]
    return job | {"static_configs": targets}


def describe_page(name: str, url: str, labels: dict[str, str]) -> dict[str, Any]:
    """Return a job that reads one page, whose own labels are kept."""
    target = {"targets": [httpx.URL(url).netloc.decode()], "labels": labels}
    return {"job_name": name, "honor_labels": True, "static_configs": [target]}


def describe_target(url: str, path: str, others: dict[str, str] | None = None) -> dict[str, Any]:
    """Return a port of a pod as Prometheus finds it in Kubernetes, which Debian's cannot ask.

    Args:
        url: The port's address.
        path: What the pod's annotation says.
        others: Values that differ from those of a predictor's port.
    """
    found = {
        "namespace": "shop",
        "pod_name": f"pod-{path.count('/')}",
        "pod_annotation_prometheus_kserve_io_path": path,
        "pod_annotation_prometheus_kserve_io_port": "8080",
        "pod_container_port_number": "8080",
        "pod_label_app_kubernetes_io_managed_by": "viewfinder",
        "pod_label_component": "predictor",
        "pod_label_serving_kserve_io_inferenceservice": "colour",
    } | {f"pod_{name}": value for name, value in (others or {}).items()}
    labels = {f"__meta_kubernetes_{name}": value for name, value in found.items()}
    return {"targets": [httpx.URL(url).netloc.decode()], "labels": labels}


def query(prometheus: httpx.Client, expression: str) -> list[dict[str, Any]]:
    """Return the series that an expression gives now."""
    answer = prometheus.get("/api/v1/query", params={"query": expression}).json()
    assert answer["status"] == "success", answer
    found: list[dict[str, Any]] = answer["data"]["result"]
    return [one for one in found if not math.isnan(float(one["value"][1]))]
