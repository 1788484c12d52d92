"""The deploy step on a real KServe, under the rights of `manifests/base/role.yaml`."""

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.deployments import (
    MODEL,
    MODES,
    STEPS_IMAGE,
    Stage,
    steady_load,
)
from tests.fixtures.waiting import wait_for
from tests.testbed.stores import Gcs

from viewfinder_components.deployment.kserve.applied import read_applied
from viewfinder_components.deployment.kserve.kserve_version import (
    SERVING,
    KServe,
    Mode,
    detect_kserve,
)
from viewfinder_components.deployment.kserve.runtime import Runtime
from viewfinder_components.deployment.kserve.service import build_service
from viewfinder_components.deployment.kubernetes.cluster import Cluster
from viewfinder_components.errors import PermanentError, ViewfinderError

pytestmark = pytest.mark.timeout(900)  # a busy machine takes three times as long


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# What does not differ between the modes is seen in one.
only_standard = pytest.mark.parametrize("mode", ["Standard"])


def identities(pods: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """What changes when a pod is replaced or its container starts again."""
    return [
        (pod["metadata"]["uid"], pod["status"]["containerStatuses"][0]["restartCount"])
        for pod in pods
    ]


def test_a_version_serves_and_the_same_again_changes_nothing(stage: Stage, mode: str) -> None:
    version = stage.publish(1)
    first = stage.deploy(version)
    assert first.changed
    assert first.endpoint == f"http://{MODEL}-predictor.{stage.admin.namespace}.svc.cluster.local"
    assert first.scalars["photos_compared"] == 5
    assert first.scalars["max_difference"] < 1e-4
    assert stage.served_version() == "1"
    labels = stage.service()["metadata"]["labels"]
    assert labels["app.kubernetes.io/managed-by"] == "viewfinder"
    assert labels["viewfinder.dev/model"] == MODEL
    record = json.loads((stage.folder / "record" / "deployment.json").read_text())
    assert record["version"] == {"number": 1, "uri": version.uri}
    assert record["kserve"]["mode"] == mode
    assert record["kserve"]["unread"] == [
        f"get deployments.apps in namespace {namespace}" for namespace in ("kserve", "kubeflow")
    ]
    assert record["predecessor"] is None

    generations = (
        stage.service()["metadata"]["generation"],
        stage.workload()["metadata"]["generation"],
    )
    pods = identities(stage.pods())
    again = stage.deploy(version)
    print(f"\n    new: {first.seconds}, again: {again.seconds}")
    assert not again.changed
    assert (
        stage.service()["metadata"]["generation"],
        stage.workload()["metadata"]["generation"],
    ) == generations
    assert identities(stage.pods()) == pods


def test_a_new_version_replaces_the_old_without_a_failed_request(stage: Stage) -> None:
    stage.deploy(stage.publish(1), min_replicas=2, max_replicas=2)
    second = stage.publish(2)
    with steady_load(stage) as load:
        result = stage.deploy(second, min_replicas=2, max_replicas=2)
        wait_for(lambda: load.versions["2"] > 50, "answers of version 2")
        wait_for(lambda: len(stage.pods()) == 2, "old pods to end")
    print(f"    {result.summary}")
    assert load.failures == []
    assert load.sent > 100
    assert set(load.versions) == {"1", "2"}
    assert stage.served_version() == "2"


def test_a_version_that_fails_is_rolled_back_and_the_old_serves_throughout(stage: Stage) -> None:
    stage.deploy(stage.publish(1))
    pods = identities(stage.pods())
    applied = read_applied(stage.service())
    broken = stage.publish(2, {"README.txt": b"no model here"})
    with steady_load(stage) as load, pytest.raises(PermanentError) as caught:
        stage.deploy(broken)
    assert "model.xml" in str(caught.value)
    assert "rolled back: version 1 serves as before" in str(caught.value)
    assert load.failures == []
    assert set(load.versions) == {"1"}
    assert read_applied(stage.service()) == applied
    assert stage.served_version() == "1"
    if stage.mode == "Standard":  # Knative goes back by a new revision, so to new pods
        assert identities(stage.pods_of(1)) == pods


@only_standard
def test_answers_that_differ_from_the_evaluation_are_rolled_back(stage: Stage) -> None:
    first, second = stage.publish(1), stage.publish(2)
    stage.deploy(first)
    mixed = type(second)(second.uri, second.number, first.evaluation)
    with pytest.raises(PermanentError, match="probabilities that differ") as caught:
        stage.deploy(mixed, tolerance=0.01)
    assert "rolled back: version 1 serves as before" in str(caught.value)
    assert stage.served_version() == "1"
    # The first version that ever was, rolled back to nothing:
    with pytest.raises(PermanentError, match="no version served before it"):
        stage.deploy(mixed, tolerance=0.01, service_name="other")


@only_standard
def test_a_service_of_somebody_else_is_only_taken_when_told(stage: Stage) -> None:
    version = stage.publish(1)
    body = build_service(
        stage.config(version),
        stage.admin.namespace,
        KServe((0, 20), Mode.STANDARD),
        Runtime("viewfinder-predictor", {"name": "viewfinder", "version": "1"}),
    )
    del body["metadata"]["labels"], body["metadata"]["annotations"]
    body["spec"]["predictor"]["model"]["args"] = ["--model-version=77"]
    path = stage.admin.path(SERVING, "inferenceservices")
    stage.admin.http.post(path, json=body, params={"fieldManager": "kubectl"}).raise_for_status()
    uid = stage.service()["metadata"]["uid"]
    with pytest.raises(PermanentError, match="adopt=True"):
        stage.deploy(version)
    assert stage.service()["spec"]["predictor"]["model"]["args"] == ["--model-version=77"]
    assert stage.deploy(version, adopt=True).changed
    assert stage.service()["metadata"]["uid"] == uid
    assert stage.served_version() == "1"


@only_standard
def test_fields_that_others_have_set_are_a_conflict(stage: Stage) -> None:
    first, second = stage.publish(1), stage.publish(2)
    stage.deploy(first)
    path = stage.admin.path(SERVING, "inferenceservices", MODEL)
    limits = {"cpu": "200m", "memory": "450Mi"}
    edit = {"spec": {"predictor": {"model": {"resources": {"limits": limits}}}}}
    stage.admin.http.patch(
        path,
        content=json.dumps(edit),
        headers={"content-type": "application/merge-patch+json"},
        params={"fieldManager": "somebody"},
    ).raise_for_status()
    with pytest.raises(PermanentError, match="somebody"):
        stage.deploy(second)
    assert stage.deploy(second, adopt=True).changed
    assert stage.served_version() == "2"


def test_a_deploy_that_was_killed_comes_to_its_end_when_run_again(stage: Stage) -> None:
    stage.deploy(stage.publish(1))
    second = stage.publish(2)
    killed = stage.start_deploy(second)
    try:
        wait_for(lambda: stage.pods_of(2), "the new version's first pod")
    finally:
        killed.kill()
        killed.communicate()
    result = stage.deploy(second)
    assert not result.changed  # it was applied before
    assert stage.served_version() == "2"


def test_a_killed_deploy_of_a_broken_version_is_rolled_back_when_run_again(stage: Stage) -> None:
    """ReplicaSets or revisions know what served: the InferenceService has forgotten it."""
    stage.deploy(stage.publish(1))
    pods = identities(stage.pods())
    broken = stage.publish(2, {"README.txt": b"no model here"})
    killed = stage.start_deploy(broken)
    try:
        wait_for(lambda: stage.pods_of(2), "the broken version's first pod")
    finally:
        killed.kill()
        killed.communicate()
    with pytest.raises(PermanentError, match="rolled back: version 1 serves as before"):
        stage.deploy(broken)
    assert stage.served_version() == "1"
    if stage.mode == "Standard":
        assert identities(stage.pods_of(1)) == pods


def test_two_deploys_at_once_end_with_one_whole_version(stage: Stage) -> None:
    stage.deploy(stage.publish(1))
    outcomes: dict[int, ViewfinderError | None] = {}

    def run(number: int) -> None:
        try:
            stage.deploy(stage.versions[number])
            outcomes[number] = None
        except ViewfinderError as error:
            outcomes[number] = error

    threads = [threading.Thread(target=run, args=(stage.publish(n).number,)) for n in (2, 3)]
    with steady_load(stage) as load:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    winners = [number for number, error in outcomes.items() if error is None]
    print(f"    {outcomes}")
    assert winners
    assert stage.served_version() == str(winners[-1])
    word = f"another deployment, made meanwhile, of version {winners[-1]}"
    assert all(word in str(error) for error in outcomes.values() if error)
    assert load.failures == []


def test_cloud_storage_and_volumes_are_read_by_kserve_itself(
    stage: Stage, gcs: Gcs, new_volume: Callable[[str], Any]
) -> None:
    version = stage.publish(1)
    servable = stage.folder / "version-1" / "servable"
    bucket = gcs.client().bucket(gcs.create_bucket())
    volume = new_volume(stage.admin.namespace)
    target = volume.folder / MODEL / "1"
    shutil.copytree(servable, target)
    for file in filter(Path.is_file, servable.rglob("*")):
        name = file.relative_to(servable).as_posix()
        bucket.blob(f"models/{MODEL}/1/{name}").upload_from_filename(str(file))
    for uri in (f"gs://{bucket.name}/models/{MODEL}/1", f"pvc://{volume.claim}/{MODEL}/1"):
        moved = type(version)(uri, 1, version.evaluation)
        assert stage.deploy(moved).scalars["photos_compared"] == 5


@only_standard
def test_version_1_does_not_fetch_version_10(stage: Stage) -> None:
    """KServe takes an S3 path for a prefix; `minio://` is what Kubeflow Pipelines writes."""
    stage.publish(10)
    version = stage.publish(1)
    moved = type(version)(version.uri.replace("s3://", "minio://"), 1, version.evaluation)
    assert stage.deploy(moved).scalars["photos_compared"] == 5
    log = stage.admin.text(
        stage.admin.path("/api/v1", "pods", stage.pods()[0]["metadata"]["name"]) + "/log",
        container="storage-initializer",
    )
    assert "models/fruit/1/model.xml" in log
    assert "models/fruit/10/" not in log


def test_the_step_runs_in_a_pod_and_asks_the_service_itself(
    stage: Stage, require_image: Callable[[str], None]
) -> None:
    """As in a pipeline: the pod's own service account and namespace, no way through the API."""
    require_image(STEPS_IMAGE)
    api = "/apis/rbac.authorization.k8s.io/v1"
    stage.admin.http.delete(stage.admin.path(api, "roles", "from-outside")).raise_for_status()
    pod = stage.run_deploy_pod(stage.publish(1), STEPS_IMAGE)
    log = stage.admin.text(stage.admin.path("/api/v1", "pods", pod["metadata"]["name"]) + "/log")
    print(f"\n    {log.strip().splitlines()[-1]}")
    assert pod["status"]["phase"] == "Succeeded", log
    assert "version 1 serves at http://fruit-predictor." in log
    assert "5 test photos answered" in log


@only_standard
def test_the_cluster_is_detected_with_and_without_rights(stage: Stage) -> None:
    with Cluster.connect() as cluster:
        mine = detect_kserve(cluster, None)
    assert mine.mode is Mode.STANDARD
    assert mine.version >= (0, 14)
    assert detect_kserve(stage.admin, None).mode is Mode.STANDARD


@only_standard
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"min_replicas": 0}, "which KServe would change to 1"),
        ({"max_replicas": 3}, "metrics server"),
        ({"predictor_runtime": "nothing"}, "ServingRuntime nothing"),
    ],
)
def test_what_kserve_would_ignore_is_refused_before_anything_changes(
    stage: Stage, values: dict[str, Any], words: str
) -> None:
    with pytest.raises(PermanentError, match=words):
        stage.deploy(stage.publish(1), **values)
    assert stage.admin.get(stage.admin.path(SERVING, "inferenceservices", MODEL)) is None
