"""A server on this machine that answers by path what Kubeflow Pipelines' API or UI answered."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.fixtures.loopback import QuietHandler, serving

from viewfinder_pipelines.kubeflow.client import Kubeflow, connect
from viewfinder_pipelines.settings.file import KubeflowSettings

API_HEALTH = {"tag_name": "2.17.0"}
UI_HEALTH = {"frontendTagName": "2.17.0", "apiServerTagName": "2.17.0"}


class PlayedKubeflow:
    """What the server answers by path, with or without the query, and what it was asked.

    Other paths are not found.
    """

    def __init__(self) -> None:
        self.host = ""
        self.answers: dict[str, str | bytes] = {}
        self.asked: list[str] = []

    def connect(self, health: Mapping[str, str]) -> Kubeflow:
        """Connect to it as the API, or as the UI, whose health tells more."""
        self.answers["/apis/v2beta1/healthz"] = json.dumps(health)
        return connect(KubeflowSettings(host=self.host))


@contextmanager
def play() -> Iterator[PlayedKubeflow]:
    """Serve on a free port of the loopback."""
    played = PlayedKubeflow()

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            played.asked.append(self.path)
            path = urlsplit(self.path).path
            body = played.answers.get(self.path, played.answers.get(path))
            content = body.encode() if isinstance(body, str) else body
            self.send(404 if content is None else 200, content or b"Not Found")

    with serving(Handler) as url:
        played.host = url
        yield played
