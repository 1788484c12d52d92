"""A service that is deleted while it is being deployed: nobody waits for it to come back."""

import json
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from kubernetes.client import Configuration
from tests.fixtures.loopback import QuietHandler, serving
from tests.fixtures.waiting import PATIENCE
from tests.unit.deployment.kserve.conftest import Recorded

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.kserve.kserve_version import KServe, Mode
from viewfinder_components.deployment.kserve.rollout import KServeRollout
from viewfinder_components.deployment.kserve.runtime import Runtime
from viewfinder_components.deployment.kserve.service import build_service
from viewfinder_components.deployment.kserve.waiting import Waiting
from viewfinder_components.deployment.kubernetes.cluster import Cluster
from viewfinder_components.errors import PermanentError

MODE = KServe((0, 20), Mode.STANDARD)
RUNTIME = Runtime("viewfinder-predictor", {"name": "viewfinder", "version": "1"})
CONFIG = DeployConfig("s3://b/models/fruit/1", 1, "fruit")
DELETED = (
    "expected the InferenceService fruit, received none: it was deleted during the deployment; "
    "try again"
)


class PlayedCluster:
    """An API server that has one InferenceService for some of the reads, and nothing else."""

    def __init__(self) -> None:
        self.service: dict[str, object] = {}
        self.reads = 0
        """How often the service can still be read."""

    def read(self) -> bytes | None:
        """Return the service, None when it is gone."""
        self.reads -= 1
        return json.dumps(self.service).encode() if self.reads >= 0 else None


@pytest.fixture
def played() -> PlayedCluster:
    return PlayedCluster()


@pytest.fixture
def cluster(played: PlayedCluster) -> Iterator[Cluster]:
    class Handler(QuietHandler):
        def do_GET(self) -> None:
            is_service = urlsplit(self.path).path.endswith("/inferenceservices/fruit")
            body = played.read() if is_service else None
            self.send(404 if body is None else 200, body or b"{}")

    configuration = Configuration()
    with serving(Handler) as url:
        configuration.host = url
        with Cluster(configuration, "team", inside=False) as connected:
            yield connected


@pytest.mark.parametrize("reads", [0, 1])
def test_waiting_for_it_ends_at_once(
    reads: int,
    played: PlayedCluster,
    cluster: Cluster,
    recorded: Callable[[str], Recorded],
) -> None:
    found = recorded("rolling-out")
    played.service, played.reads = found.seen.service, reads
    began = time.monotonic()
    waiting = Waiting(cluster, "fruit", found.applied, Mode.STANDARD, 600.0, began + 600)
    with pytest.raises(PermanentError) as caught:
        waiting.wait()
    assert str(caught.value) == DELETED
    assert time.monotonic() - began < 300


def test_there_is_no_way_to_it(cluster: Cluster) -> None:
    body = build_service(CONFIG, "team", MODE, RUNTIME)
    rollout = KServeRollout(
        cluster, CONFIG, time.monotonic() + PATIENCE, MODE, RUNTIME, body, {}, None
    )
    assert not rollout.is_applied()
    with pytest.raises(PermanentError) as caught:
        rollout.find_route()
    assert str(caught.value) == DELETED
