"""Make Envoy do what the KIngress objects say, and say so in their status. Runs in a pod.

An ingress is Ready only when Envoy has taken the routes, so that Knative moves traffic when it can
arrive. Backends are told to Envoy before the routes that name them, and forgotten when their
Service is gone: no request is lost over an update. New routes wait until all their backends have
endpoints: after the API server was away, the watch on Ingresses may come back before the one on
Endpoints.
"""

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from tests.testbed.knative_ingress.envoy_config import (
    ADMIN_PORT,
    CLASS,
    EXTERNAL,
    INTERNAL,
    PORTS,
    Key,
    Object,
    assignment,
    backends_of,
    bootstrap,
    cluster,
    response,
    route_table,
    select_routed,
)
from tests.testbed.knative_ingress.watching import Api, Watched

_CLASS_KEY = "networking.knative.dev/ingress.class"
_INGRESSES = "/apis/networking.internal.knative.dev/v1alpha1"
_FOLDER = Path("/tmp/envoy")  # noqa: S108  (the pod's own)
_ACCEPT_SECONDS = 10.0


class Ingress:
    """The loop: read, write Envoy's files, wait until Envoy has them, write statuses."""

    def __init__(self) -> None:
        self._api, self._changed = Api(), threading.Event()
        self._ingresses = Watched(self._api, f"{_INGRESSES}/ingresses", self._changed)
        self._services = Watched(self._api, "/api/v1/services", self._changed)
        self._endpoints = Watched(self._api, "/api/v1/endpoints", self._changed)
        self._backends: dict[str, Object] = {}
        self._routed: dict[Key, Object] = {}
        self._written: dict[str, str] = {}
        self._envoy: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Run until Envoy ends."""
        for kind in (self._ingresses, self._services, self._endpoints):
            kind.listed.wait()
        while self._envoy is None or self._envoy.poll() is None:
            self._changed.wait(1)
            self._changed.clear()
            self._reconcile()
        sys.exit(f"envoy ended with status {self._envoy.returncode}")

    def _reconcile(self) -> None:
        ours = [one for one in self._ingresses.all().values() if _is_ours(one)]
        services, endpoints = self._services.all(), self._endpoints.all()
        kept = {
            name: one
            for name, one in self._backends.items()
            if (one["serviceNamespace"], one["serviceName"]) in services
        }
        self._backends = kept | backends_of(ours)
        reached = set()
        for name, backend in self._backends.items():
            found = assignment(backend, services, endpoints)
            self._write(f"endpoints-{name}", [found])
            if found["endpoints"][0]["lb_endpoints"]:
                reached.add(name)
        self._routed = select_routed(ours, self._routed, reached)
        routed = [*self._routed.values()]
        known = [cluster(name, str(_FOLDER)) for name in sorted(self._backends)]
        versions = {"cluster_manager.cds": self._write("clusters", known)}
        if self._envoy is not None:
            self._await(versions)
        for name in PORTS:
            table = self._write(name, [route_table(routed, name)])
            versions[f"http.{name}.rds.{name}"] = table
        if self._envoy is None:
            self._start_envoy()
        if self._await(versions):
            for ingress in routed:
                self._mark_ready(ingress)
        for file in _FOLDER.glob("endpoints-*.json"):
            if file.stem.removeprefix("endpoints-") not in self._backends:
                file.unlink()
                del self._written[file.stem]

    def _write(self, name: str, resources: list[Object]) -> str:
        """Write a file at one stroke, unless Envoy has it; return its version."""
        version, content = response(resources)
        if self._written.get(name) != version:
            draft = _FOLDER / f".{name}"
            draft.write_text(content)
            draft.rename(_FOLDER / f"{name}.json")
            self._written[name] = version
        return version

    def _start_envoy(self) -> None:
        file = _FOLDER / "bootstrap.json"
        file.write_text(json.dumps(bootstrap(str(_FOLDER))))
        command = ["envoy", "--config-path", str(file), "--concurrency", "1", "--log-level", "warn"]
        self._envoy = subprocess.Popen(command)

    def _await(self, versions: dict[str, str]) -> bool:
        """Wait until Envoy runs with these versions of its files."""
        deadline = time.monotonic() + _ACCEPT_SECONDS
        while time.monotonic() < deadline:
            if _runs_with(versions):
                return True
            time.sleep(0.02)
        print(f"Envoy has not taken {versions}", flush=True)
        self._changed.set()
        return False

    def _mark_ready(self, ingress: Object) -> None:
        metadata, status = ingress["metadata"], ingress.get("status", {})
        states = {one["type"]: one["status"] for one in status.get("conditions") or []}
        if (
            states.get("Ready") == "True"
            and status.get("observedGeneration") == metadata["generation"]
        ):
            return
        path = (
            f"{_INGRESSES}/namespaces/{metadata['namespace']}/ingresses/{metadata['name']}/status"
        )
        try:
            self._api.open(path, {"status": _ready_status(metadata["generation"])}).close()
        except OSError as error:  # away, or the object is gone
            print(f"{path}: {error}", flush=True)
            self._changed.set()
            time.sleep(0.2)


def _is_ours(ingress: Object) -> bool:
    metadata = ingress["metadata"]
    is_class = (metadata.get("annotations") or {}).get(_CLASS_KEY) == CLASS
    return is_class and not metadata.get("deletionTimestamp")


def _ready_status(generation: int) -> Object:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    kinds = ("LoadBalancerReady", "NetworkConfigured", "Ready")
    namespace = os.environ["POD_NAMESPACE"]

    def reached_by(service: str) -> Object:
        return {"ingress": [{"domainInternal": f"{service}.{namespace}.svc.cluster.local"}]}

    return {
        "observedGeneration": generation,
        "conditions": [{"type": k, "status": "True", "lastTransitionTime": now} for k in kinds],
        "publicLoadBalancer": reached_by(EXTERNAL),
        "privateLoadBalancer": reached_by(INTERNAL),
    }


def _runs_with(versions: dict[str, str]) -> bool:
    url = f"http://127.0.0.1:{ADMIN_PORT}/stats?filter=version_text|warming_clusters"
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            lines = dict(line.split(": ", 1) for line in answer.read().decode().splitlines())
    except OSError:
        return False
    taken = all(
        lines.get(f"{name}.version_text", "").strip('"') == version
        for name, version in versions.items()
    )
    return taken and lines.get("cluster_manager.warming_clusters") == "0"


if __name__ == "__main__":
    _FOLDER.mkdir(exist_ok=True)
    Ingress().run()
