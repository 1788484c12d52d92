"""What is killed during a rollout, what is right afterwards, and how many requests failed."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from tests.cluster.deployments import (
    MODES,
    Load,
    Stage,
    steady_load,
)
from tests.fixtures.waiting import wait_for

pytestmark = pytest.mark.timeout(900)  # a busy machine takes three times as long


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextmanager
def rolling_out(
    stage: Stage, replicas: int = 1, before: Callable[[], object] = bool
) -> Iterator[Load]:
    """Version 1 serves; inside, version 2 is on its way; afterwards it alone serves.

    Args:
        stage: Where.
        replicas: How many pods serve.
        before: Called between publishing version 2 and deploying it.
    """
    size = {"min_replicas": replicas, "max_replicas": replicas}
    stage.deploy(stage.publish(1), **size)
    second = stage.publish(2)
    with steady_load(stage) as load:
        before()
        deploy = stage.start_deploy(second, **size)
        try:
            yield load
            output = deploy.communicate(timeout=200)[0]
        finally:
            deploy.kill()
        assert deploy.returncode == 0, output
        print(f"\n    {output.strip().splitlines()[-1]}")
        wait_for(lambda: not stage.pods_of(1), "the old pods to end")
        time.sleep(2)
    assert stage.served_version() == "2"
    assert len(stage.pods_of(2)) == replicas
    assert load.versions["2"] > 0


def test_the_new_predictors_pod_is_killed(stage: Stage) -> None:
    with rolling_out(stage) as load:
        wait_for(lambda: stage.pods_of(2), "the new pod")
        stage.kill(stage.pods_of(2)[0])
    assert load.failures == []


def test_the_only_serving_pod_is_killed(stage: Stage) -> None:
    """Nothing can answer until its successor is ready; then everything does."""
    with rolling_out(stage) as load:
        wait_for(lambda: stage.pods_of(2), "the new pod")
        stage.kill(stage.pods_of(1)[0])
    assert load.versions["2"] > 0


def test_one_of_two_serving_pods_is_killed(stage: Stage) -> None:
    """What it was answering is lost, and what came before the routes knew."""
    with rolling_out(stage, replicas=2) as load:
        wait_for(lambda: stage.pods_of(2), "the first new pod")
        stage.kill(stage.pods_of(1)[0])
    assert len(load.failures) < 0.1 * load.sent


def test_kserves_controller_is_killed(
    stage: Stage, kill_kserve_controller: Callable[[], None]
) -> None:
    with rolling_out(stage) as load:
        kill_kserve_controller()
    assert load.failures == []


def test_the_api_server_is_killed(stage: Stage, kill_api_server: Callable[[], None]) -> None:
    with rolling_out(stage) as load:
        wait_for(lambda: stage.pods_of(2), "the new pod")
        kill_api_server()
    assert load.failures == []


def test_the_store_is_away_for_30_s(
    stage: Stage, without_s3: Callable[[], AbstractContextManager[None]]
) -> None:
    away = threading.Event()

    def take_away() -> None:
        with without_s3():
            away.set()
            time.sleep(30)

    def begin() -> None:
        thread.start()
        assert away.wait(60)

    thread = threading.Thread(target=take_away)
    with rolling_out(stage, before=begin) as load:
        thread.join()
    assert load.failures == []
