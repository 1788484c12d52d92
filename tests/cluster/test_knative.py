"""What only KServe's mode Knative has: scaling to zero, revisions, its own checks and failures."""

import socket
import time
from typing import Any

import httpx
import pytest
from tests.cluster.deployments import MODEL, Stage
from tests.fixtures.waiting import wait_for
from tests.testbed import knative

from viewfinder_components.errors import PermanentError, TransientError

pytestmark = pytest.mark.timeout(900)  # a busy machine takes three times as long


@pytest.fixture
def mode() -> str:
    return "Knative"


@pytest.fixture
def _public_names(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the names of Knative's domain mean its ingress, as a name server would."""
    path = f"/api/v1/namespaces/{knative.INGRESS_NAMESPACE}/services/external"
    address = (stage.admin.get(path) or {})["spec"]["clusterIP"]
    look_up = socket.getaddrinfo

    def answer(host: Any, *args: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        return look_up(address if name.endswith(knative.DOMAIN) else host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.mark.usefixtures("_public_names")
def test_a_service_scales_to_zero_and_back(stage: Stage) -> None:
    version, size = stage.publish(1), {"min_replicas": 0, "max_replicas": 2}
    first = stage.deploy(version, **size)
    assert "the first answer took" in first.summary
    wait_for(lambda: not stage.pods(), "the pods to go", 120)
    started = time.monotonic()
    assert stage.served_version() == "1"
    print(f"\n    first answer from zero: {time.monotonic() - started:.1f} s")
    wait_for(lambda: not stage.pods(), "the pods to go again", 120)
    # the same version again, from outside, while no pod is there
    again = stage.deploy(version, **size)
    assert not again.changed
    assert again.scalars["first_answer_seconds"] > first.scalars["first_answer_seconds"]
    print(f"    {again.summary}")


def test_a_version_scaled_to_zero_is_what_a_failed_one_is_rolled_back_to(stage: Stage) -> None:
    size = {"min_replicas": 0, "max_replicas": 1}
    stage.deploy(stage.publish(1), **size)
    wait_for(lambda: not stage.pods(), "the pods to go", 120)
    broken = stage.publish(2, {"README.txt": b"no model here"})
    with pytest.raises(PermanentError, match="rolled back: version 1 serves as before"):
        stage.deploy(broken, **size)
    assert stage.served_version() == "1"


def test_an_image_whose_registry_does_not_answer_is_told_by_the_revision(stage: Stage) -> None:
    """Knative asks the registry itself, so there is no pod that could say it."""
    runtime = stage.patch_runtime("broken", image="registry.invalid/none:1")
    with pytest.raises(TransientError, match="where Knative looks up its digest") as caught:
        stage.deploy(stage.publish(1), predictor_runtime=runtime, patience_seconds=3)
    assert "registry.invalid" in caught.value.received


def test_a_runtime_that_knative_refuses(stage: Stage) -> None:
    ports = [{"containerPort": port, "protocol": "TCP"} for port in (8080, 8081)]
    runtime = stage.patch_runtime("broken", ports=ports)
    with pytest.raises(PermanentError, match="more than one container port"):
        stage.deploy(
            stage.publish(1),
            predictor_runtime=runtime,
            patience_seconds=5,
            deploy_timeout_seconds=40,
        )


def test_a_service_does_not_change_its_mode(stage: Stage) -> None:
    version = stage.publish(1)
    stage.deploy(version)
    with pytest.raises(PermanentError, match="which KServe does not allow to be changed"):
        stage.deploy(version, kserve_mode="Standard")


def test_the_ingress_serves_hosts_apart(stage: Stage) -> None:
    stage.deploy(stage.publish(1))
    with stage.client() as client:
        assert client.get(f"/v2/models/{MODEL}").status_code == httpx.codes.OK
        for host in ("nobody.knative.test", f"{MODEL}-predictor.{stage.admin.namespace}.svc"):
            found = client.get(f"/v2/models/{MODEL}", headers={"host": host})
            assert found.status_code == httpx.codes.NOT_FOUND, host
