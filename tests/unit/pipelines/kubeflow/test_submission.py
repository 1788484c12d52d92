"""What two submissions to a new install do to each other; real HTTP on this machine plays it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_pipelines.kubeflow.client import connect
from viewfinder_pipelines.kubeflow.submission import find_experiment
from viewfinder_pipelines.settings.file import KubeflowSettings


class _Api(BaseHTTPRequestHandler):
    """An API without experiments, at which another submission makes one just before ours."""

    is_there_after_all = True
    experiments: list[dict[str, str]] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self._answer(200, {"experiments": type(self).experiments})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.is_there_after_all:
            type(self).experiments = [{"experiment_id": "theirs", "display_name": "fruit"}]
        self._answer(409, {"error": "The name fruit already exists", "code": 6})

    def _answer(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def api() -> Iterator[tuple[KubeflowSettings, type[_Api]]]:
    handler = type("Api", (_Api,), {"experiments": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    yield KubeflowSettings(host=address, experiment="fruit"), handler
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_experiment_of_a_faster_submission_is_taken(
    api: tuple[KubeflowSettings, type[_Api]],
) -> None:
    settings, _ = api
    assert find_experiment(connect(settings), settings) == "theirs"


def test_a_refused_experiment(api: tuple[KubeflowSettings, type[_Api]]) -> None:
    settings, handler = api
    handler.is_there_after_all = False
    with pytest.raises(PermanentError, match="already exists"):
        find_experiment(connect(settings), settings)
