"""The deployment's requests carry the token that the environment gives."""

import time

import pytest
from kubernetes.client import Configuration
from tests.fixtures.loopback import QuietHandler, serving
from tests.fixtures.waiting import PATIENCE

from viewfinder_components.deployment.answers import need_version
from viewfinder_components.deployment.kserve.route import find_route
from viewfinder_components.deployment.kubernetes.cluster import Cluster
from viewfinder_components.errors import PermanentError

TOKEN = "token-of-32-characters-abcdefghi"  # noqa: S105  (made up)


class Guarded(QuietHandler):
    """Answers as a predictor that asks for a token."""

    def do_GET(self) -> None:
        if self.headers["viewfinder-authorization"] == f"Bearer {TOKEN}":
            self.send(200, b'{"versions": ["7"]}')
        else:
            self.send(401, b'{"error": "expected a bearer token"}')


def test_the_service_is_asked_with_the_token(monkeypatch):
    with serving(Guarded) as url:
        service = {
            "metadata": {"name": "fruit", "annotations": {}},
            "status": {"address": {"url": url}},
        }
        cluster = Cluster(Configuration(), "shop", inside=True)
        with (
            find_route(cluster, service) as route,
            pytest.raises(PermanentError, match=r"HTTP 401.*environment variable VIEWFINDER_TOKEN"),
        ):
            need_version(route, 7, time.monotonic() + PATIENCE)
        monkeypatch.setenv("VIEWFINDER_TOKEN", TOKEN)
        with find_route(cluster, service) as route:
            need_version(route, 7, time.monotonic() + PATIENCE)
