"""A server on this machine that answers by path what Kubeflow Pipelines' API or UI answered."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from viewfinder_pipelines.kubeflow.client import Kubeflow, connect
from viewfinder_pipelines.settings.file import KubeflowSettings

API_HEALTH = {"tag_name": "2.17.0"}
UI_HEALTH = {"frontendTagName": "2.17.0", "apiServerTagName": "2.17.0"}


class PlayedKubeflow:
    """What the server answers by path, and what it was asked; other paths are not found."""

    def __init__(self) -> None:
        self.host = ""
        self.answers: dict[str, str] = {}
        self.asked: list[str] = []

    def connect(self, health: Mapping[str, str]) -> Kubeflow:
        """Connect to it as the API, or as the UI, whose health tells more."""
        self.answers["/apis/v2beta1/healthz"] = json.dumps(health)
        return connect(KubeflowSettings(host=self.host))


@contextmanager
def play() -> Iterator[PlayedKubeflow]:
    """Serve on a free port of the loopback."""
    played = PlayedKubeflow()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            played.asked.append(self.path)
            body = played.answers.get(urlsplit(self.path).path)
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write((body or "Not Found").encode())

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    played.host = f"http://127.0.0.1:{server.server_port}"
    try:
        yield played
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
