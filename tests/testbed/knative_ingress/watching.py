"""Kubernetes' objects as they are now, kept up to date by watches. Runs in a pod, by itself."""

import json
import os
import ssl
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.testbed.knative_ingress.envoy_config import Key, Object, key_of

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_WATCH_SECONDS = 300


class Api:
    """The API server, as the pod's own ServiceAccount."""

    def __init__(self) -> None:
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
        self._base = f"https://{host}:{port}"
        self._trust = ssl.create_default_context(cafile=str(_ACCOUNT / "ca.crt"))

    def open(self, path: str, body: Object | None = None) -> Any:
        """Send a GET, or a PATCH with `body`, and return the answer to read from."""
        headers = {"Authorization": f"Bearer {(_ACCOUNT / 'token').read_text()}"}
        headers["Content-Type"] = "application/merge-patch+json"
        data = None if body is None else json.dumps(body).encode()
        method = "GET" if body is None else "PATCH"
        request = urllib.request.Request(self._base + path, data, headers, method=method)  # noqa: S310
        return urllib.request.urlopen(request, timeout=_WATCH_SECONDS + 10, context=self._trust)  # noqa: S310


class Watched:
    """All objects of one kind in the cluster.

    Args:
        api: The API server.
        path: The kind's collection.
        changed: Set whenever one changes.
    """

    def __init__(self, api: Api, path: str, changed: threading.Event) -> None:
        self._api, self._path, self._changed = api, path, changed
        self._objects: dict[Key, Object] = {}
        self._lock = threading.Lock()
        self.listed = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def all(self) -> dict[Key, Object]:
        """Return them by namespace and name."""
        with self._lock:
            return dict(self._objects)

    def _run(self) -> None:
        while True:
            try:
                for event in self._watch(self._list()):
                    self._take(event)
            except (OSError, ValueError, KeyError) as error:  # away, cut off, or too old
                print(f"{self._path}: {type(error).__name__}: {error}", flush=True)
                time.sleep(0.5)

    def _list(self) -> str:
        with self._api.open(self._path) as answer:
            found = json.load(answer)
        with self._lock:
            self._objects = {key_of(one): one for one in found["items"]}
        self.listed.set()
        self._changed.set()
        return str(found["metadata"]["resourceVersion"])

    def _watch(self, version: str) -> Iterator[Object]:
        query = f"?watch=1&resourceVersion={version}&timeoutSeconds={_WATCH_SECONDS}"
        with self._api.open(self._path + query) as answer:
            for line in answer:
                yield json.loads(line)

    def _take(self, event: Object) -> None:
        found = event["object"]
        with self._lock:
            if event["type"] == "DELETED":
                self._objects.pop(key_of(found), None)
            else:
                self._objects[key_of(found)] = found  # KeyError for an ERROR: list again
        self._changed.set()
